"""Erasure of end users (PRODUCT T8): asking for it, following it, and the receipt. The work itself is done by analytics."""
