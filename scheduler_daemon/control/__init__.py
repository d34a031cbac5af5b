"""Who asks over the socket, and is the request well-formed?

One request's way: ``server`` accepts the connection and checks its ``peer``, ``connection`` cuts lines,
``protocol`` reads and answers them, ``registry`` finds the method and checks its params, and the method
itself is in ``methods/``.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, Union

Json: TypeAlias = Union["Mapping[str, Json]", "Sequence[Json]", str, int, float, bool, None]
"""What a method may answer. At run time objects are dicts, arrays lists or tuples, numbers finite."""
