"""The reading page: finding, refusal, heat-map check, DICOM details."""
