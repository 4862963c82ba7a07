"""FMA-UE: the Fugl-Meyer Assessment, motor function of the upper extremity. 33 items, 0 to 66, higher better.

Parts: A shoulder, elbow, forearm 0-36 (I reflexes 0-4, II within synergies 0-18, III mixing synergies 0-6, IV
little or no synergy 0-6, V normal reflexes 0-2), B wrist 0-10, C hand 0-14, D coordination and speed 0-6.
Reflexes (A I) are 0 or 2. Normal reflexes (A V) are tested only when A IV is full: with A IV below 6 they
are 0, and anything else is a fault.

Sources: Fugl-Meyer et al., Scand J Rehabil Med 1975;7:13-31; form FMA-UE of the University of Gothenburg,
read in public copies for parts A I to III; the items of A IV to D and the rule for A V are recalled from the
same form. Parts and total agree with published maxima (66; Sullivan et al., Stroke 2011). Missing items: no
rule with a source was found, so a sum with a missing item is ND; its range follows the rule for A V.
Sensation, range of motion and pain (parts H, I, J) are not included.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from saisei.errors import Fault
from saisei.exam.scale import Grade, Sum, allowed, check, items, sum_of, up_to

__all__ = ["FuglMeyerUpper"]

_REFLEX = allowed(0, 2, part="A.I")


@dataclass(frozen=True, slots=True, kw_only=True)
class FuglMeyerUpper:
    """One FMA-UE of one arm. None says that the item was not scored.

    Raises:
        ExamError: values that the form does not have, or normal reflexes scored although A IV is not full.

    >>> from saisei.exam.scale import items
    >>> best = FuglMeyerUpper(**{item.name: 2 for item in items(FuglMeyerUpper)})
    >>> best.total.value, [best.part(name).value for name in "ABCD"]
    (66, [36, 10, 14, 6])
    """

    flexor_reflex: Grade = field(metadata=_REFLEX)
    extensor_reflex: Grade = field(metadata=_REFLEX)
    shoulder_retraction: Grade = field(metadata=up_to(2, "A.II"))
    shoulder_elevation: Grade = field(metadata=up_to(2, "A.II"))
    shoulder_abduction: Grade = field(metadata=up_to(2, "A.II"))
    shoulder_external_rotation: Grade = field(metadata=up_to(2, "A.II"))
    elbow_flexion: Grade = field(metadata=up_to(2, "A.II"))
    forearm_supination: Grade = field(metadata=up_to(2, "A.II"))
    shoulder_adduction_internal_rotation: Grade = field(metadata=up_to(2, "A.II"))
    elbow_extension: Grade = field(metadata=up_to(2, "A.II"))
    forearm_pronation: Grade = field(metadata=up_to(2, "A.II"))
    hand_to_lumbar_spine: Grade = field(metadata=up_to(2, "A.III"))
    shoulder_flexion_to_90: Grade = field(metadata=up_to(2, "A.III"))
    pronation_supination_elbow_90: Grade = field(metadata=up_to(2, "A.III"))
    shoulder_abduction_to_90: Grade = field(metadata=up_to(2, "A.IV"))
    shoulder_flexion_90_to_180: Grade = field(metadata=up_to(2, "A.IV"))
    pronation_supination_elbow_0: Grade = field(metadata=up_to(2, "A.IV"))
    normal_reflexes: Grade = field(metadata=up_to(2, "A.V"))
    wrist_stability_elbow_90: Grade = field(metadata=up_to(2, "B"))
    wrist_flexion_extension_elbow_90: Grade = field(metadata=up_to(2, "B"))
    wrist_stability_elbow_0: Grade = field(metadata=up_to(2, "B"))
    wrist_flexion_extension_elbow_0: Grade = field(metadata=up_to(2, "B"))
    wrist_circumduction: Grade = field(metadata=up_to(2, "B"))
    mass_flexion: Grade = field(metadata=up_to(2, "C"))
    mass_extension: Grade = field(metadata=up_to(2, "C"))
    hook_grasp: Grade = field(metadata=up_to(2, "C"))
    thumb_adduction: Grade = field(metadata=up_to(2, "C"))
    pincer_grasp: Grade = field(metadata=up_to(2, "C"))
    cylinder_grasp: Grade = field(metadata=up_to(2, "C"))
    spherical_grasp: Grade = field(metadata=up_to(2, "C"))
    tremor: Grade = field(metadata=up_to(2, "D"))
    dysmetria: Grade = field(metadata=up_to(2, "D"))
    speed: Grade = field(metadata=up_to(2, "D"))

    def __post_init__(self) -> None:
        extra: tuple[Fault, ...] = ()
        if self.normal_reflexes in (1, 2) and self._short_of_full():
            rule = "normal reflexes are scored only when part A IV is full (6 points), else 0"
            mend = "write 0, or correct part A IV"
            extra = (Fault("FMA-UE.normal_reflexes", repr(self.normal_reflexes), rule, mend),)
        check(self, "FMA-UE", extra)

    def _short_of_full(self) -> bool:
        """Whether a scored item of part A IV is below 2."""
        scores = [getattr(self, one.name) for one in items(self, "A.IV")]
        return any(type(score) is int and score in (0, 1) for score in scores)

    def _implied(self) -> dict[str, tuple[int, int]]:
        """Ranges of missing items that follow from the rule for part A V."""
        if self.normal_reflexes is None:
            return {"normal_reflexes": (0, 0)} if self._short_of_full() else {}
        if self.normal_reflexes == 0:
            return {}
        return {one.name: (2, 2) for one in items(self, "A.IV")}

    def part(self, name: str) -> Sum:
        """The sum of one part: `A`, `B`, `C`, `D`, or `A.I` to `A.V`; ValueError for another name."""
        names = {"A": ("A.I", "A.II", "A.III", "A.IV", "A.V")}.get(name, (name,))
        if name not in ("A", "B", "C", "D", "A.I", "A.II", "A.III", "A.IV", "A.V"):
            raise ValueError(f"FMA-UE has no part {name!r}")
        sums = [sum_of(self, one, self._implied()) for one in names]
        missing = tuple(item for one in sums for item in one.missing)
        return Sum(sum(one.low for one in sums), sum(one.high for one in sums), missing)

    @property
    def total(self) -> Sum:
        """All items, 0-66."""
        return sum_of(self, bounds=self._implied())
