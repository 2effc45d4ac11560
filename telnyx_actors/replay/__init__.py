"""A call held again from its chronicle: ``run.py --replay``."""
