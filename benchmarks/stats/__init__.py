"""`make bench-stats`: what the detectors of degradation find, how late, and how often falsely."""
