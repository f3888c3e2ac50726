"""The faults as tests are parametrized by them: CI's short run has the one that matters most."""

import pytest

from tests.providers.openstack.real.injector import Fault

IN_SHORT = (Fault.ANSWER_LOST,)

EVERY_FAULT = [
    pytest.param(fault, marks=[pytest.mark.short] if fault in IN_SHORT else [], id=fault.name) for fault in Fault
]
