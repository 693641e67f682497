"""Whether an image may be read: accepted, accepted with cautions, or refused with a reason."""
