"""`make bench-stats`: how often experiments are wrong and how long they take; what detectors of degradation find, how late, how falsely."""
