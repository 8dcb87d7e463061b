"""Experiments on live traffic: who gets which arm, and what can be said of it. Pure, standard library only."""
