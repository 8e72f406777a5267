package io.quorate.engine.metrics;

/** What membership counts; unit is events. */
public enum MembershipCounter {
    PROBES("pings sent because it was the subject's turn"),
    PROBES_UNANSWERED("of those, pings without an ack in time"),
    CONFIRMATIONS("pings sent because others accused the subject"),
    ACCUSATIONS("accusations signed"),
    REFUTATIONS("newer records signed because others accused this member"),
    DEATHS("members proven faulty by a quorum"),
    RETURNS("members that had been proven faulty and signed a newer record"),
    ROLL_CALLS("times that all members of the panel were pinged"),
    STOPS("times that this member found that it had been stopped or its clock moved"),
    TABLES_COMPARED("comparisons of tables begun"),
    RECORDS_TAKEN("newer records of others"),
    DROPPED_MALFORMED("messages that do not decode"),
    DROPPED_SIGNATURE("records and accusations whose signature does not hold"),
    DROPPED_BUDGET("entries of members whose signatures failed too often to be checked");

    private final String sentence;

    MembershipCounter(final String sentence) {
        this.sentence = sentence;
    }

    public String sentence() {
        return sentence;
    }
}
