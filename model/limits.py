"""Resource limits for one file and for the server, and the reason for each. All limits are defined here.

Bytes are counted before a file is opened. Pixels and scans are counted from the headers of the file, before a decoder
starts. The cost of a DICOM file is not known in advance, so the process that reads it is limited
(`model.imaging.dicom.sandbox`).

Largest memory use of a server, measured in GB:

    3.7  one DICOM reading, up to 1.9 in the child process and 0.6 in the server, and one PNG reading, up to 1.2
    0.1  the idle child process that waits for the next file
    0.9  one comparison of explanations; only one runs at a time
    1.3  25 uploads
    0.4  the program
    6.4  in total; deploy/ allows 8 GiB
"""

MAX_BYTES = 50 * 2**20  # a 16-bit radiograph of 20 megapixels takes 40 MB before compression
MAX_PIXELS = 60_000_000  # the largest detectors have about 20 million; 60 in 16-bit colour take 1.2 GB to decode
MIN_DECODABLE_SIDE = 32  # pixels; an image with a side below this limit shows too little to read
MIN_ADMISSIBLE_SIDE = 128  # pixels, for the admission check; below it, a lung is less than 50 pixels wide
# Scans of a progressive JPEG; 10 are usual. Each is a pass over all pixels, so many of them could take minutes. The
# pixels of all passes together are limited by MAX_SCANNED_PIXELS.
MAX_SCANS = 100
MAX_SCANNED_PIXELS = 20 * MAX_PIXELS
# Segments of a JPEG and chunks of a PNG. MAX_BYTES holds 6,400 chunks of the usual 8 KB, or millions of empty ones,
# which would take 20 s.
MAX_SEGMENTS = 50_000
READINGS_AT_ONCE = 2  # on a server, see above; a reading takes a fraction of a second, so nobody waits long
DICOM_READINGS_AT_ONCE = 1  # of these; a DICOM file may take its full time limit, and the other turn stays free

DICOM_AT_ONCE = 2  # child processes; clinic computers have two to four cores, and each child may use DICOM_MEMORY
# Bytes of address space. 60 megapixels of 16-bit noise take up to 1,604 MiB of address space (JPEG 2000) and 917 MiB of
# memory; a typical radiograph of 9 megapixels takes 470 and 180 MiB.
DICOM_MEMORY = 1792 * 2**20
DICOM_CPU_SECONDS = 30  # 60 megapixels take up to 11 (JPEG 2000 of noise), a typical radiograph half a second
DICOM_CLOCK_SECONDS = 45  # wall-clock limit, for a process that waits or shares its core
