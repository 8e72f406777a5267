package io.quorate.engine.ordering;

import java.util.function.IntUnaryOperator;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * What ordered requests are applied to. Deterministic: equal requests in equal order give an equal state, bit for bit, on
 * every replica. Called on the kernel thread only.
 */
public interface StateMachine {
    /** The longest reply that {@link #apply} may write. */
    int REPLY_LENGTH_MAX = 256;

    /**
     * Applies one request.
     *
     * @param sequence of the batch that held the request
     * @param clientId the peer that signed the request
     * @return length in bytes of the reply written at {@code replyOffset}, at most {@link #REPLY_LENGTH_MAX}
     */
    int apply(
            long sequence,
            int clientId,
            DirectBuffer request,
            int offset,
            int lengthBytes,
            MutableDirectBuffer reply,
            int replyOffset);

    /**
     * Answers a query without changing anything. {@link #apply} of the same bytes gives the same answer, at its place in the order.
     *
     * <p>The answer must tell which change it goes back to: if two states between which the asked part changed give equal
     * answers, readers can be told of the older one after the newer one (docs/protocols/pbft.md, section 10). So it names the
     * sequence, or a count, of the last change to what was asked.
     *
     * @param clientId the peer that asks
     * @return length in bytes of the answer written at {@code answerOffset}, at most {@link #REPLY_LENGTH_MAX}
     */
    int read(
            int clientId,
            DirectBuffer query,
            int offset,
            int lengthBytes,
            MutableDirectBuffer answer,
            int answerOffset);

    /** Writes the canonical encoding of the whole state into an expandable buffer; returns its length in bytes. */
    int snapshot(MutableDirectBuffer destination, int offset);

    /**
     * Replaces the whole state by a snapshot that q replicas vouched for.
     *
     * @throws IllegalArgumentException if the bytes are no snapshot; the state is then unchanged
     */
    void restore(DirectBuffer snapshot, int offset, int lengthBytes);

    /**
     * How a state machine's bytes go over from an epoch into the next, whose peers may be others or have other ids. A pure function, so
     * that every replica makes the same state of the same state.
     */
    @FunctionalInterface
    interface Carrier {
        /** For a state that knows nothing of peers. */
        Carrier UNCHANGED = (state, offset, lengthBytes, oldIdOf, destination, destinationOffset) -> {
            destination.putBytes(destinationOffset, state, offset, lengthBytes);
            return lengthBytes;
        };

        /**
         * Writes the state as the next epoch begins with it.
         *
         * @param oldIdOf the id before of each peer after; negative for one that had none
         * @return its length in bytes
         * @throws IllegalArgumentException if the bytes are no state
         */
        int carryState(
                DirectBuffer state,
                int offset,
                int lengthBytes,
                IntUnaryOperator oldIdOf,
                MutableDirectBuffer destination,
                int destinationOffset);
    }
}
