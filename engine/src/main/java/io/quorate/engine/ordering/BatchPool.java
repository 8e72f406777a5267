package io.quorate.engine.ordering;

import io.quorate.transport.auth.Digest;
import org.agrona.DirectBuffer;

/**
 * Batches that no slot refers to any more, for the next ones: so a replica in steady state allocates none. The log takes one
 * for each pre-prepare and gives it back when its slot starts a new life; one that is refused it leaves to the collector.
 * Deterministic; one thread.
 */
public final class BatchPool {
    private final int countMax;
    private Batch head;
    private int count;

    /** @param countMax how many it keeps; more are left to the garbage collector */
    public BatchPool(final int countMax) {
        this.countMax = countMax;
    }

    /** A batch of what {@code requestDigests} names; copies the bytes. */
    public Batch take(final Digest sha256, final DirectBuffer requestDigests, final int offset, final int lengthBytes) {
        final Batch batch = head;
        if (batch == null) {
            return new Batch(sha256, requestDigests, offset, lengthBytes);
        }
        head = batch.next;
        batch.next = null;
        batch.isPooled = false;
        count--;
        batch.fill(sha256, requestDigests, offset, lengthBytes);
        return batch;
    }

    /** Takes back a batch that nobody refers to; null does nothing. */
    public void give(final Batch batch) {
        if (batch == null || count >= countMax) {
            return;
        }
        if (batch.isPooled) {
            throw new IllegalStateException("a batch is given back once");
        }
        batch.clear();
        batch.isPooled = true;
        batch.next = head;
        head = batch;
        count++;
    }

    public int count() {
        return count;
    }
}
