package io.quorate.engine.journal;

import java.util.List;

/**
 * What a journal holds at a start: the newest complete base and everything after it, or why it must not be used.
 *
 * @param verdict whether the entries may be voted from
 * @param reason in a sentence why not; empty unless damaged
 * @param entries base first, then what was appended after it, in order
 * @param lastNumber of the newest whole entry
 * @param cutCount records at the end that were cut because they never became durable
 */
public record JournalHistory(
        Verdict verdict, String reason, List<JournalBase.Entry> entries, long lastNumber, long cutCount) {
    /** What to do with a history. */
    public enum Verdict {
        /** Nothing was ever written. */
        EMPTY,
        /** Everything that was ever reported durable is here. */
        INTACT,
        /** Something is missing or changed: nobody may vote from it. */
        DAMAGED
    }

    public static JournalHistory empty() {
        return new JournalHistory(Verdict.EMPTY, "", List.of(), 0, 0);
    }

    public static JournalHistory damaged(final String reason) {
        return new JournalHistory(Verdict.DAMAGED, reason, List.of(), 0, 0);
    }

    public boolean isIntact() {
        return verdict == Verdict.INTACT;
    }
}
