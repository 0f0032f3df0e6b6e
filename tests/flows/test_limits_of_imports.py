"""Whatever repeats in a file of another app or service is refused once more often than it may, with the limit.

That it is read as often as it may, and how soon, tests/properties/test_limits_of_input.py holds: of what many read, in
the gate for a third of them.
"""

import pytest

from tests.properties.file_shape import FileShape
from tests.properties.import_shapes import of_files
from tests.support.actions import Actions

LIMITED = [each for each in of_files() if each.said is not None]


@pytest.mark.parametrize("shape", LIMITED, ids=lambda each: f"{each.reader}: {each.name}")
def test_a_file_is_refused_just_above_its_limit(actions: Actions, shape: FileShape) -> None:
    token = actions.token()
    sent = shape.shape().request(shape.limit + 1)
    refused = actions.fit(sent.method, sent.path, token, data=sent.body, headers=sent.headers)
    assert refused.status_code in {400, 422}
    assert shape.said is not None
    assert shape.said in refused.text, refused.text[:500]
