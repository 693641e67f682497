"""Terms of a DICOM file that a refusal may name. The child process uses them, and its parent checks them."""

import re

from model.sentences import closed_terms

OTHER_BODY_PART = re.compile(  # defined terms of PS3.16 annex L that are certainly not the chest
    "ABDOMEN|ANKLE|ARM|BLADDER|BREAST|BUTTOCK|CALCANEUS|CALF|CLAVICLE|COCCYX|CSPINE|ELBOW|EXTREMITY|EYE|FACE|FEMUR|"
    "FINGER|FOOT|FOREARM|GALLBLADDER|HAND|HEAD|HIP|HUMERUS|JAW|KNEE|LEG|LSPINE|MANDIBLE|MAXILLA|NECK|NOSE|ORBIT|PATELLA|"
    "PELVIS|RADIUS|SACRUM|SCAPULA|SHOULDER|SINUS|SKULL|SPINE|SSPINE|TEETH|THIGH|THUMB|TIBIA|TOE|TSPINE|ULNA|WRIST"
)
OTHER_MODALITY = re.compile("|".join(closed_terms("modality")))
NON_FRONTAL_VIEW = re.compile("|".join(closed_terms("view")))
# The name in the DICOM standard. The parent cannot look it up, because only the child imports pydicom.
TRANSFER_SYNTAX = re.compile(r"unknown|[A-Z][\w ,./()-]{1,99}", re.ASCII)
