"""Whatever repeats in a file of another app or service: read as often as it may, refused once more with the limit."""

import pytest

from tests.properties.file_shape import FileShape
from tests.properties.import_shapes import of_files
from tests.support.actions import Actions

LIMITED = [each for each in of_files() if each.said is not None]


@pytest.mark.parametrize("shape", LIMITED, ids=lambda each: f"{each.reader}: {each.name}")
def test_a_file_is_read_at_its_limit_and_refused_just_above(actions: Actions, shape: FileShape) -> None:
    token = actions.app().connect(actions.person()).access
    answers = []
    for count in (shape.limit, shape.limit + 1):
        sent = shape.shape().request(count)
        answers.append(actions.fit(sent.method, sent.path, token, data=sent.body, headers=sent.headers))
    read, refused = answers
    assert read.status_code == 200, read.text[:500]
    assert refused.status_code in {400, 422}
    assert shape.said is not None
    assert shape.said in refused.text, refused.text[:500]
