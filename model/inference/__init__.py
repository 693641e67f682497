"""From a working image to a `Finding`: lung segmentation, classifier, calibration and decision."""
