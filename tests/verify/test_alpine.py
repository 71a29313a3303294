"""Proofs on genuine Alpine 3.23 of both architectures."""

import pytest

from explorer.facts import MISSING
from explorer.verify import Result
from tests.support.alpine import MUSL, VERSION
from tests.support.binaries import binary
from tests.support.engine import TestEngine
from tests.verify.conftest import Prover

pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
async def test_proofs_on_alpine_end_as_predicted(
    arch: str, engine: TestEngine, proved: Prover
) -> None:
    ending = "" if arch == "amd64" else "-arm64"
    cases = (
        (f"go-static-{arch}", "yes", Result.RAN, "started"),
        (f"c-musl{ending}", "yes", Result.RAN, "started"),
        (f"c-glibc{ending}", "no", Result.FAILED, "interpreter-missing"),
    )
    for recipe, verdict, result, meaning in cases:
        proof = await proved(
            binary(recipe), arch=arch, image=engine.alpine(arch), verdict=verdict, libc="musl"
        )
        assert (proof.result, proof.meaning, proof.agrees) == (result, meaning, True), proof
        assert not isinstance(proof.image, MISSING)
        system = proof.image.system
        assert not isinstance(system, MISSING)
        assert (system.id, system.version) == ("alpine", VERSION)
        assert (system.libc, system.libc_version) == ("musl", MUSL)
