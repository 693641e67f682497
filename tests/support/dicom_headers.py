"""Headers of radiographs as exporters write them, for fuzzing. No value comes from a file.

The attributes are those of the modules of Computed Radiography, Digital X-Ray and Secondary Capture images (PS3.3 A.2,
A.26, A.8). Typical deviations from the standard are added: empty and long values, values of another kind, other value
representations, text in undeclared encodings, private and retired attributes, sequences inside sequences, and icons.
"""

import struct

from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.uid import ImplicitVRLittleEndian
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from tests.support.fuzzing_dicom import Part, join_dicom, split_dicom

# --- attributes that the program does not read

_COMMON = (
    *("InstanceCreationDate", "InstanceCreationTime", "InstanceCreatorUID", "TimezoneOffsetFromUTC", "InstanceNumber"),
    *("PatientName", "PatientID", "IssuerOfPatientID", "PatientSex", "PatientWeight", "PatientSize", "PatientComments"),
    *("OtherPatientIDs", "EthnicGroup", "PregnancyStatus", "PatientIdentityRemoved", "DeidentificationMethod"),
    *("StudyInstanceUID", "StudyTime", "StudyID", "AccessionNumber", "StudyDescription", "ReferringPhysicianName"),
    *("ProcedureCodeSequence", "ReferencedStudySequence", "RequestAttributesSequence", "PerformedProcedureStepID"),
    *("SeriesInstanceUID", "SeriesNumber", "SeriesTime", "SeriesDescription", "ProtocolName", "OperatorsName"),
    *("Laterality", "PatientPosition", "PerformingPhysicianName", "SmallestPixelValueInSeries"),
    *("Manufacturer", "InstitutionName", "InstitutionAddress", "StationName", "ManufacturerModelName"),
    *(
        "DeviceSerialNumber",
        "SoftwareVersions",
        "SpatialResolution",
        "DateOfLastCalibration",
        "LossyImageCompressionRatio",
    ),
    *("ImageType", "AcquisitionNumber", "AcquisitionTime", "ContentTime", "ImagesInAcquisition", "ImageComments"),
    *("QualityControlImage", "DerivationDescription", "SourceImageSequence", "IconImageSequence", "RescaleType"),
    *("PixelAspectRatio", "SmallestImagePixelValue", "LargestImagePixelValue", "GrayLookupTableDescriptor"),
)
_BY_KIND = {
    "CR": (
        *("PlateID", "CassetteID", "CassetteOrientation", "CassetteSize", "FilterType", "CollimatorGridName"),
        *("FocalSpots", "PlateType", "PhosphorType", "DistanceSourceToPatient", "XRayTubeCurrent", "ExposureInuAs"),
        *("Grid", "GeneratorPower", "AcquisitionDeviceProcessingDescription", "AcquisitionDeviceProcessingCode"),
        *("RelativeXRayExposure", "Sensitivity", "ExposuresOnPlate", "AnatomicStructure"),
    ),
    "DX": (
        *("ImageLaterality", "AnatomicRegionSequence", "PixelIntensityRelationshipSign", "DetectorType", "DetectorID"),
        *("DetectorConfiguration", "DetectorDescription", "DetectorMode", "DetectorTemperature", "FieldOfViewShape"),
        *("FieldOfViewDimensions", "FieldOfViewOrigin", "FieldOfViewRotation", "FieldOfViewHorizontalFlip"),
        *("DetectorActiveShape", "DetectorElementSpacing", "PositionerType", "EntranceDoseInmGy", "BodyPartThickness"),
        *("ExposureControlMode", "ExposureStatus", "AcquisitionContextSequence", "ImageAndFluoroscopyAreaDoseProduct"),
        *("ExposureIndex", "TargetExposureIndex", "DeviationIndex", "ShutterShape", "CalibrationImage"),
    ),
    "SC": (
        *("ConversionType", "SecondaryCaptureDeviceID", "SecondaryCaptureDeviceManufacturer", "DateOfSecondaryCapture"),
        *("TimeOfSecondaryCapture", "DigitalImageFormatAcquired", "NominalScannedPixelSpacing"),
    ),
}
_CHARACTER_SETS = ("", "ISO_IR 100", "ISO_IR 192", r"\ISO 2022 IR 87", r"\ISO 2022 IR 149", "GB18030", "LATIN1", "UTF8")

# --- attributes that the program reads, with values that occur

READ_VALUES = {
    "Modality": ("CR", "DX", "RG", "dx", " CR ", r"CR\DX", "", "OT", "SC", "XR", "US", "CHEST"),
    "BodyPartExamined": ("CHEST", "chest", "THORAX", "Thorax a.p.", r"CHEST\ABDOMEN", "", "HAND", "PORT CHEST", "0"),
    "ViewPosition": ("AP", "PA", "ap", "AP ERECT", "CHEST PA", "LL", "LAT", "", "NONE", r"PA\AP", "?"),
    "PatientAge": ("003Y", "3", "3Y", "036M", "000Y", "999Y", "-1Y", "", "UNK", " 4Y", "3,5Y"),
    "PatientBirthDate": ("20190511", "2019.05.11", "20190000", "19000101", "", "00000000", "20190230", "2019"),
    "StudyDate": ("20230304", "2023-03-04", "", "00010101", "99991231", "20231301"),
    "BurnedInAnnotation": ("YES", "NO", "yes", "", "N"),
    "PixelSpacing": (r"0.2\0.2", "0.2", r"0,2\0,2", r"0\0", "", r"1e-9\1e9", r"0.2\0.2\0.2", "NaN"),
    "ImagerPixelSpacing": (r"0.139\0.139", r"0.1\0.2", "", r".143\.143"),
    "PatientOrientation": (r"L\F", r"P\F", r"A\F", "", r"L\\F", r"R\H", "AF"),
    "PresentationIntentType": ("FOR PRESENTATION", "FOR PROCESSING", "", "for presentation"),
    "PixelIntensityRelationship": ("LIN", "LOG", "DISP", ""),
    "LossyImageCompression": ("00", "01", "0", ""),
    "WindowCenter": ("128", r"128\100", "", "128,5", "1e3", "-1", "NaN", "inf"),
    "WindowWidth": ("256", r"256\200", "", "0", "1", "-5", "1e30", "0.5"),
    "WindowCenterWidthExplanation": ("NORMAL", r"NORMAL\HARD", "", "\xe9"),
    "VOILUTFunction": ("LINEAR", "LINEAR_EXACT", "SIGMOID", "", "linear", "LOG"),
    "RescaleSlope": ("1", "0", "-1", "", "1,0", "1e-30", r"1\1"),
    "RescaleIntercept": ("0", "-1024", "", "NaN", "1e38"),
    "PresentationLUTShape": ("IDENTITY", "INVERSE", "", "LIN OD"),
    "PhotometricInterpretation": ("MONOCHROME2", "MONOCHROME1", "monochrome2", "MONOCHROME2 ", "RGB", "PALETTE COLOR"),
    "NumberOfFrames": ("1", "", "0", "01", "2", "-1", "1.0"),
    "KVP": ("70", "", "70,5", "kV 70", "1e999"),
    "ExposureTime": ("10", "", "ten", "10.5"),
}
_LONG_KINDS = tuple(kind.encode() for kind in EXPLICIT_VR_LENGTH_32)
_TEXT_KINDS = (b"LO", b"SH", b"CS", b"ST", b"LT", b"DS", b"IS", b"PN", b"UI", b"DA", b"TM", b"UT", b"UN", b"AS")
_UNDEFINED = b"\xff\xff\xff\xff"
_ITEM, _ITEM_END, _END = (struct.pack("<HH", 0xFFFE, element) for element in (0xE000, 0xE00D, 0xE0DD))

_texts = st.one_of(
    st.sampled_from((b"", b"A", b"UNKNOWN", b"^^^^", b"\\\\", b"   ", b"\0\0", b"1.2.826.0.1", b"20230230", b"1,5")),
    st.sampled_from((b"Thorax a.p.", b"\xfcbersicht", "胸部".encode("shift_jis"), b"\x1b$B6;\x1b(B", b"A" * 1000)),
    st.binary(max_size=12),
)


def _header(tag: int, kind: bytes, implicit: bool) -> bytes:
    """Return tag and value representation, as `tests.support.fuzzing_dicom` names a part."""
    name = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    return name if implicit else name + kind + (b"\0\0" if kind in _LONG_KINDS else b"")


@st.composite
def _unread_parts(draw: st.DrawFn, keyword: str, implicit: bool, depth: int = 0) -> list[Part]:
    """Draw an attribute that the program does not read. Its length is correct; its value may be anything."""
    tag = tag_for_keyword(keyword)
    kind = dictionary_VR(tag)[:2].encode()  # the first of "US or SS"
    if kind == b"SQ":
        return draw(_sequence(_header(tag, kind, implicit), implicit, depth))
    if kind in _TEXT_KINDS:
        return [(_header(tag, draw(st.sampled_from((kind, kind, *_TEXT_KINDS))), implicit), draw(_texts))]
    return [(_header(tag, draw(st.sampled_from((kind, kind, b"UN"))), implicit), draw(st.binary(max_size=9)))]


@st.composite
def _sequence(draw: st.DrawFn, header: bytes, implicit: bool, depth: int) -> list[Part]:
    """Draw a sequence with up to two items, which may contain an icon with pixels of its own."""
    parts = [(header + _UNDEFINED, b"")]
    for _ in range(draw(st.integers(0, 2))):
        parts.append((_ITEM + _UNDEFINED, b""))
        for keyword in sorted(draw(st.sets(st.sampled_from(_COMMON), max_size=3)), key=tag_for_keyword):
            if depth < 2:
                parts += draw(_unread_parts(keyword, implicit, depth + 1))
        if draw(st.booleans()):
            parts.append((_header(0x7FE00010, b"OW", implicit), draw(st.binary(max_size=8))))
        parts.append((_ITEM_END, b""))
    return [*parts, (_END, b"")]


@st.composite
def _private_parts(draw: st.DrawFn, implicit: bool) -> list[Part]:
    """Draw a private block, and sometimes the retired length of its group, which is often wrong."""
    group = draw(st.sampled_from((0x0009, 0x0011, 0x0019, 0x0029, 0x2001, 0x7053)))
    parts = [(_header(group << 16, b"UL", implicit), draw(st.binary(min_size=4, max_size=4)))] * draw(st.booleans())
    parts.append((_header(group << 16 | 0x10, b"LO", implicit), draw(_texts)))
    for element in range(0x1001, 0x1001 + draw(st.integers(0, 3))):
        kind = draw(st.sampled_from((b"UN", b"LO", b"OB", b"US", b"FD", b"DS", b"SQ")))
        header = _header(group << 16 | element, kind, implicit)
        if kind == b"SQ":
            parts += draw(_sequence(header, implicit, 1))
        else:
            parts.append((header, draw(st.binary(max_size=20))))
    return parts


@st.composite
def unread_header(draw: st.DrawFn, seed: bytes) -> bytes:
    """Draw a file like `seed` with further attributes, none of which the program reads."""
    return join_dicom(draw(_parts_with_unread(seed)))


@st.composite
def read_header(draw: st.DrawFn, seed: bytes) -> bytes:
    """Draw a file like `unread_header`, and replace or remove up to six attributes that the program reads."""
    parts, implicit = draw(_parts_with_unread(seed)), _is_implicit(seed)
    for keyword in draw(st.sets(st.sampled_from(sorted(READ_VALUES)), max_size=6)):
        tag = tag_for_keyword(keyword)
        parts = [part for part in parts if not part[0].startswith(struct.pack("<HH", tag >> 16, tag & 0xFFFF))]
        kind = draw(st.sampled_from((dictionary_VR(tag).encode(),) * 4 + (b"LO", b"UN")))
        if draw(st.integers(0, 9)):
            value = draw(st.sampled_from(READ_VALUES[keyword])).encode("latin-1")
            parts = _insert(parts, [[(_header(tag, kind, implicit), value)]])
    return join_dicom(parts)


@st.composite
def _parts_with_unread(draw: st.DrawFn, seed: bytes) -> list[Part]:
    implicit = _is_implicit(seed)
    kind = draw(st.sampled_from(sorted(_BY_KIND)))
    keywords = draw(st.sets(st.sampled_from((*_COMMON, *_BY_KIND[kind])), max_size=20))
    added = [draw(_unread_parts(keyword, implicit)) for keyword in sorted(keywords)]
    added += draw(st.lists(_private_parts(implicit), max_size=2))
    if draw(st.booleans()):
        added.append([(_header(0x00080005, b"CS", implicit), draw(st.sampled_from(_CHARACTER_SETS)).encode())])
    parts = _insert(split_dicom(seed), added)
    if draw(st.booleans()):  # data set trailing padding (PS3.10 7.2)
        parts.append((_header(0xFFFCFFFC, b"OB", implicit), bytes(draw(st.integers(0, 9)))))
    return parts


def _is_implicit(seed: bytes) -> bool:
    return dict(split_dicom(seed))[b"\x02\0\x10\0UI"].rstrip(b"\0") == ImplicitVRLittleEndian.encode()


def _insert(parts: list[Part], added: list[list[Part]]) -> list[Part]:
    """Insert attributes, with all their parts, where their tags belong, each instead of one with the same tag."""
    blocks: dict[tuple[int, ...], list[Part]] = {}
    depth = 0
    for part in parts:
        name = part[0]
        if depth == 0:
            order = _order(name) if len(blocks) else ()  # the preamble is first
            blocks[order] = []
        blocks[order].append(part)
        depth += name.endswith(_UNDEFINED) - name.startswith((_ITEM_END, _END))
    blocks |= {_order(block[0][0]): block for block in added}
    return [part for order in sorted(blocks) for part in blocks[order]]


def _order(name: bytes) -> tuple[int, ...]:
    return struct.unpack_from("<HH", name)
