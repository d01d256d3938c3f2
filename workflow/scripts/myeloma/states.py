"""The type of every genomic call: present, absent or not assessable; and of the response groups."""

PRESENT = "present"
ABSENT = "absent"
NOT_ASSESSABLE = "not_assessable"
STATES = (PRESENT, ABSENT, NOT_ASSESSABLE)

EARLY = "EARLY_RESPONDER"
POOR = "POOR_RESPONDER"
NEITHER = "NEITHER"
NOT_EVALUABLE = "NOT_EVALUABLE"
GROUPS = (EARLY, POOR, NEITHER, NOT_EVALUABLE)

#: Begins the reason of a translocation that FISH alone decides; the flow must not let FISH confirm itself.
FISH_ONLY = "FISH only, sequencing not assessable"

#: Begins the record of a call or time that was given, not derived.
GIVEN = "given: "
