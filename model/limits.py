"""How much a file may ask of this computer, and why. Whoever changes a limit changes it here alone.

Bytes are counted before a file is opened, pixels and scans before a decoder is: by what the headers declare. What a
DICOM file costs is not known before, so the process that reads it is limited (`model.imaging.dicom.sandbox`).

Memory of a server where all comes at once, measured in GB: two readings of DICOM, each up to 1.9 in its process and 0.6
in the server (of PNG 1.2 and no process: less); 0.1 for the process that waits for the next; 0.9 for the one comparison
of explanations that runs at a time; 1.3 for 25 uploads; 0.4 for the program. In all 7.7: deploy/ allows 8 GiB.
"""

MAX_BYTES = 50 * 2**20  # a 16-bit radiograph of 20 megapixels has 40 MB before compression
MAX_PIXELS = 60_000_000  # the largest detectors have about 20 million; 60 in 16-bit colour take 1.2 GB to decode
MIN_DECODABLE_SIDE = (
    32  # pixels: below it there is nothing to judge; whether a picture is fit to be read is for admission to say
)
MAX_SCANS = 100  # of a progressive JPEG; usual are 10, and each costs a pass over all pixels: a small file might hang
READINGS_AT_ONCE = 2  # on a server, see above; a reading takes a fraction of a second, so others wait briefly

DICOM_AT_ONCE = 2  # decodes: a clinic's computer has two cores or four, and each may take up DICOM_MEMORY
# Bytes of address space. 60 megapixels of 16 bits full of noise take up to 1,604 MiB of it (JPEG 2000), and 917 of
# memory itself; a usual film, of 9 megapixels, 470 and 180.
DICOM_MEMORY = 1792 * 2**20
DICOM_CPU_SECONDS = 30  # 60 megapixels take up to 11 (JPEG 2000 full of noise), a usual film half a second
DICOM_CLOCK_SECONDS = 45  # for a process that waits instead of working, or shares its core with others
