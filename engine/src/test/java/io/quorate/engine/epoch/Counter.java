package io.quorate.engine.epoch;

import io.quorate.engine.ordering.StateMachine;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** Counts its requests. */
final class Counter implements StateMachine {
    long count;

    @Override
    public int apply(
            final long sequence,
            final int clientId,
            final DirectBuffer request,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer reply,
            final int replyOffset) {
        reply.putLong(replyOffset, ++count);
        return 8;
    }

    @Override
    public int read(
            final int clientId,
            final DirectBuffer query,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer answer,
            final int answerOffset) {
        answer.putLong(answerOffset, count);
        return 8;
    }

    @Override
    public int snapshot(final MutableDirectBuffer destination, final int offset) {
        destination.putLong(offset, count);
        return 8;
    }

    @Override
    public void restore(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        if (lengthBytes != 8) {
            throw new IllegalArgumentException("a count has 8 bytes, given " + lengthBytes);
        }
        count = snapshot.getLong(offset);
    }
}
