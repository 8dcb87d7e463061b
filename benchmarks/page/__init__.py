"""Bytes, paint and blocking of the web page, beside the budgets of UI.md section 10."""
