"""Names of files that attack a terminal, a reader or a spreadsheet."""

import re

from hypothesis import strategies as st

FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_ODD = "".join(FORMULA_STARTS) + ",;\"'\n\r\t \\\x1b\x7f\x9b\u061c\u200e\u2028\u202e\u2067"
ANY_NAME = st.text(st.sampled_from(_ODD) | st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_ORDINARY = st.text(st.sampled_from(",\"' ä=\\\u3000") | st.characters(categories=["L", "M", "N"]), min_size=1)
ORDINARY_NAME = _ORDINARY.filter(lambda name: not name.lstrip().startswith(FORMULA_STARTS))
