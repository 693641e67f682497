"""Sentences about processes that failed."""

from model.messages import AnyCode, MessageCode
from model.translation import N_

SENTENCES: dict[AnyCode, tuple[str, ...]] = {
    MessageCode.EXPLANATION_FAILED: (
        N_("The other explanations could not be computed. They need TensorFlow and about 1 GB of free memory."),
        N_("The result and its heat map are not affected."),
    ),
    MessageCode.WORKER_LOST: (
        N_("A worker process was stopped, most likely because the computer ran out of memory."),
        N_("The results so far are complete. Close other programs or read fewer files at a time, then try again."),
    ),
    # A file or folder that a command cannot write.
    MessageCode.NO_SPACE_LEFT: (N_("The disk is full. Free some space and run the command again."),),
    MessageCode.PATH_UNUSABLE: (
        N_("{path} cannot be used ({reason})."),
        N_("Choose another folder, or allow writing to this one."),
    ),
}
