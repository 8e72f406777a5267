package io.quorate.engine.metrics;

/** What reads count; unit is events. */
public enum ReadCounter {
    ASKED("reads that the own client began"),
    BELIEVED("reads that q replicas answered alike"),
    ORDERED("reads that were ordered as requests for want of equal answers"),
    ANSWERED("answers given to clients"),
    HELD("answers that waited until everything in the state had committed"),
    DROPPED_MALFORMED("messages that do not decode"),
    DROPPED_NOT_READABLE("queries while the state was not the newest that was answered"),
    DROPPED_UNWANTED("queries out of their client's window, answers that nobody waits for"),
    DROPPED_BUDGET("queries of a client that has too many at the state already"),
    DROPPED_TAKEN_BACK("answers out of a state that was replaced before it could be given");

    private final String sentence;

    ReadCounter(final String sentence) {
        this.sentence = sentence;
    }

    public String sentence() {
        return sentence;
    }
}
