"""Working image to `Finding`: lung segmentation, classifier, calibration and decision."""
