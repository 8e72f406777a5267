package io.quorate.benchmarks.decide;

import io.quorate.engine.decision.DecisionMachine;
import org.agrona.ExpandableArrayBuffer;

/**
 * What a request of {@code bench decide} is: a question about a round that nobody knows, ordered like any other request because the
 * group's reads are {@code ordered}. The round's name fills it up to the length that was asked for.
 */
final class RequestShape {
    private static final int NAME_LENGTH_MAX = 64;
    private static final int HEADER_LENGTH = DecisionMachine.encodeQuery(new ExpandableArrayBuffer(), 0, "x") - 1;

    /** Shortest and longest body of a request, in bytes. */
    static final int LENGTH_MIN = HEADER_LENGTH + 1;

    static final int LENGTH_MAX = HEADER_LENGTH + NAME_LENGTH_MAX;

    private RequestShape() {}

    /** The round to ask about, so that the request's body has this length. */
    static String round(final int lengthBytes) {
        return "u".repeat(lengthBytes - HEADER_LENGTH);
    }
}
