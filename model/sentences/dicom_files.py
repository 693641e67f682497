"""Sentences about DICOM files that are refused."""

from model.messages import AnyCode, MessageCode
from model.sentences.advice import EXPORT_AGAIN, EXPORT_AS_PNG
from model.translation import N_

_GREYSCALE_ONLY = N_("Upload the greyscale X-ray as stored by the X-ray system.")
_FRONTAL_ONLY = N_("Only frontal chest X-rays (AP or PA) are accepted.")
_RADIOGRAPHS_ONLY = N_("Only chest X-rays (modality CR, DX or RG) are accepted.")
_WRONG_LABEL = N_("If the label is wrong, export the image as PNG and upload that file.")

SENTENCES: dict[AnyCode, tuple[str, ...]] = {
    MessageCode.DECODING_ABORTED: (
        N_("Decoding was stopped: this DICOM file needed too much time or memory, or is damaged."),
        N_("Export or copy the X-ray again, or export it as PNG or JPEG."),
    ),
    MessageCode.DECODER_UNAVAILABLE: (
        N_("The DICOM decoder could not start because this computer is short of memory or processes."),
        N_("There is nothing wrong with the file. Close other programs and try again, or upload a PNG or JPEG."),
    ),
    MessageCode.DICOM_DIRECTORY: (
        N_("This is the index of a DICOM disc (DICOMDIR). It contains no image."),
        N_("Upload an image file from the folders on the disc."),
    ),
    MessageCode.NO_PIXEL_DATA: (N_("This DICOM file contains no image, or is incomplete."), EXPORT_AGAIN),
    MessageCode.OTHER_MODALITY: (
        N_("Not a radiograph: the file is labelled as {modality}."),
        _RADIOGRAPHS_ONLY,
        _WRONG_LABEL,
    ),
    MessageCode.UNKNOWN_MODALITY: (
        N_("The modality in the file is not accepted."),
        _RADIOGRAPHS_ONLY,
        _WRONG_LABEL,
    ),
    MessageCode.OTHER_BODY_PART: (N_("Not a chest image: the file says {body_part}."), _FRONTAL_ONLY, _WRONG_LABEL),
    MessageCode.NON_FRONTAL_VIEW: (
        N_("Not a frontal view: the file is labelled as {view}."),
        _FRONTAL_ONLY,
        _WRONG_LABEL,
    ),
    MessageCode.MULTIPLE_FRAMES: (
        N_("This DICOM file contains {frames} images, such as a video or a stack of slices."),
        N_("Upload a file with a single chest X-ray."),
    ),
    MessageCode.COLOUR: (N_("This DICOM file contains a colour image."), _GREYSCALE_ONLY),
    MessageCode.COMPONENTS: (
        N_(
            "The pixels of this DICOM file have {components} components, which contradicts the colour that it declares."
        ),
        _GREYSCALE_ONLY,
    ),
    MessageCode.FOR_PROCESSING: (
        N_("This DICOM file contains raw detector values (FOR PROCESSING), which are not meant for reading."),
        N_("Export the FOR PRESENTATION image and upload that file."),
    ),
    MessageCode.BITS_EXCEEDED: (
        N_("The pixels of this DICOM file have more than the {bits} bits that it declares, so they are unclear."),
        EXPORT_AS_PNG,
    ),
    MessageCode.TRANSFER_SYNTAX: (
        N_("The image in this DICOM file uses an unsupported compression ({transfer_syntax})."),
        N_("Uncompressed, RLE, JPEG (8-bit or lossless), JPEG-LS and JPEG 2000 are accepted."),
        EXPORT_AS_PNG,
    ),
    MessageCode.BITS_ALLOCATED: (
        N_("This DICOM file stores {bits} bits per pixel. Only 8 and 16 are accepted."),
        EXPORT_AS_PNG,
    ),
}
