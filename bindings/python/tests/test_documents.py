"""What the documents show runs."""

import re
import textwrap
from pathlib import Path

import vectordb

HERE = Path(__file__).resolve()


def test_the_examples_of_the_readme_run():
  blocks = re.findall(r"^```python\n(.*?)^```", (HERE.parents[1] / "README.md").read_text(), re.M | re.S)
  assert blocks
  for block in blocks:
    exec(compile(block, "README.md", "exec"), {})


def test_the_example_of_the_package_runs():
  # Since Python 3.13 the indentation is gone already.
  example = textwrap.dedent(vectordb.__doc__.split("\n\n", 1)[1])
  exec(compile(example, "vectordb.__doc__", "exec"), {})


def test_everything_people_use_is_documented():
  for name in vectordb.__all__:
    if name in ("Filter", "Metadata", "__version__"):
      continue
    thing = getattr(vectordb, name)
    assert thing.__doc__, name
    for part, value in vars(thing).items() if isinstance(thing, type) else ():
      if not part.startswith("_") and callable(value):
        assert value.__doc__, f"{name}.{part}"
