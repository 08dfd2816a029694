from notifier.simulator.faults import Fault, Faults, FaultType


def test_a_fault_happens_as_often_as_told() -> None:
    faults = Faults()
    faults.arm(Fault(fault_type=FaultType.HANG, times=2))
    faults.arm(Fault(fault_type=FaultType.RESET))
    taken = [faults.take(page=1, listing_type="lead") for _ in range(4)]
    assert [fault and fault.fault_type for fault in taken] == ["hang", "hang", "reset", None]


def test_a_fault_without_a_number_stays_until_it_is_cleared() -> None:
    faults = Faults()
    faults.arm(Fault(fault_type=FaultType.HTML, times=None))
    assert all(faults.take(page=1, listing_type="lead") for _ in range(10))
    faults.clear()
    assert faults.take(page=1, listing_type="lead") is None


def test_a_fault_of_one_page_or_listing_spares_the_others() -> None:
    faults = Faults()
    faults.arm(Fault(fault_type=FaultType.HTML, page=3, type="non-lead"))
    assert faults.take(page=2, listing_type="non-lead") is None
    assert faults.take(page=3, listing_type="lead") is None
    assert faults.take(page=3, listing_type="non-lead") is not None
