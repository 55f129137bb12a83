"""torchvision beside a CPU build of torch, in a process of its own."""

import subprocess
import sys


def run(code: str) -> str:
    # The repaired import is process-wide, so each case gets a process.
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_torchvision_imports_and_transforms_after_the_declaration() -> None:
    out = run(
        "from latentviewer.torchvision_operators import declare_missing_operators as declare\n"
        "first = declare()\n"
        "assert declare() == first\n"
        "import torch, torchvision.datasets, torchvision.models\n"
        "from torchvision.transforms import v2\n"
        "from torchvision.models.feature_extraction import create_feature_extractor\n"
        "print(tuple(v2.Resize((4, 4))(torch.zeros(1, 8, 8)).shape), torchvision.datasets.MNIST)\n"
    )
    assert out.startswith("(1, 4, 4)")
    assert "MNIST" in out


def test_nothing_is_declared_where_torchvision_imports_by_itself() -> None:
    out = run(
        "import sys, types\n"
        "sys.modules['torchvision'] = types.ModuleType('torchvision')\n"
        "import torch\n"
        "def refuse(*_):\n"
        "    raise AssertionError('declared')\n"
        "torch.library.Library = refuse\n"
        "from latentviewer.torchvision_operators import declare_missing_operators\n"
        "print(declare_missing_operators())\n"
    )
    assert out == "()"


def test_other_faults_of_torchvision_are_not_hidden() -> None:
    out = run(
        "import sys\n"
        "class Broken:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torchvision':\n"
        "            raise RuntimeError('the disk is on fire')\n"
        "import torch\n"
        "sys.meta_path.insert(0, Broken())\n"
        "from latentviewer.torchvision_operators import declare_missing_operators\n"
        "try:\n"
        "    declare_missing_operators()\n"
        "except RuntimeError as error:\n"
        "    print(error)\n"
    )
    assert out == "the disk is on fire"
