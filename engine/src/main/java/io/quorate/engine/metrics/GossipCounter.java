package io.quorate.engine.metrics;

/** What gossip counts; unit is events unless the sentence says otherwise. */
public enum GossipCounter {
    RUMORS_SPREAD("rumors that this peer began"),
    RUMORS_NEW("rumors heard for the first time, valid and newer than what was known"),
    RUMORS_OLD("rumors that are valid but older than what is known"),
    RUMORS_DUPLICATE("rumors heard again"),
    RUMORS_INVALID("rumors whose record does not hold; charged to who passed them on"),
    RUMORS_SENT("rumors sent or passed on, messages"),
    RUMORS_REFUSED("rumor messages that the links refused"),
    NOTICES_SENT("notices sent, messages"),
    REQUESTS_SENT("requests for rumors that a notice named, messages"),
    REQUESTS_SERVED("rumors sent because they were asked for"),
    COMPARISONS_BEGUN("comparisons with another peer's set begun"),
    RANGES_DIFFERENT("ranges in which the two sides of a comparison differed"),
    RECORDS_REPAIRED("records sent to a peer that lacked them or had older ones"),
    SHARES_SENT("push-sum shares sent"),
    SHARES_RECEIVED("push-sum shares received that were newer than the last one"),
    SLICES_RECEIVED("slices of neighbours' vectors received for a round that is under way or next"),
    VECTOR_ROUNDS("rounds of vector averages done"),
    VECTOR_ROUNDS_SHORT("of these, rounds in which the state stayed for want of 2f + 1 neighbours"),
    DROPPED_MALFORMED("messages that do not decode"),
    DROPPED_KIND("rumors of a kind that nobody handles"),
    DROPPED_CHECK_BUDGET("rumors not checked, because whoever sent them had too many useless ones checked"),
    DROPPED_REPAIR_BUDGET("questions of anti-entropy not answered, because the asker's budget of bytes was spent"),
    DROPPED_UNWANTED("messages that nobody waits for");

    private final String sentence;

    GossipCounter(final String sentence) {
        this.sentence = sentence;
    }

    public String sentence() {
        return sentence;
    }
}
