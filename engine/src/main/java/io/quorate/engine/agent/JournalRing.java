package io.quorate.engine.agent;

import io.quorate.engine.journal.Journal;
import io.quorate.engine.journal.JournalBase;
import io.quorate.engine.metrics.EngineStatus;
import org.agrona.BitUtil;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.ControlledMessageHandler;
import org.agrona.concurrent.OneToOneConcurrentArrayQueue;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;

/**
 * The way from the consensus agent to the journal agent, and the durable number on its way back. To the replica it is the
 * journal. Entries are copied into the ring once; a base goes beside it as an object, announced by a mark that keeps its place.
 *
 * <p>Nothing waits for room: an entry that finds none is lost, and with it all later ones until a base takes their place.
 */
public final class JournalRing implements Journal {
    static final int BASE = 1;
    static final int NUMBER_OFFSET = 0;
    static final int BODY_OFFSET = BitUtil.SIZE_OF_LONG;

    private static final int BASES_WAITING_MAX = 4;

    private final OneToOneRingBuffer ring;
    private final OneToOneConcurrentArrayQueue<JournalBase> bases =
            new OneToOneConcurrentArrayQueue<>(BASES_WAITING_MAX);
    private long number;
    private boolean isBehind;
    private long wishAnswered;
    private long lostCount;
    private volatile long durableNumber;
    private volatile long wish;
    private volatile EngineStatus.Journal progress = EngineStatus.Journal.none();

    /**
     * @param capacityBytes power of two, at least eight times the longest entry
     * @param lastNumber newest number that the journal on the disk knows; numbers go on above it
     */
    public JournalRing(final int capacityBytes, final long lastNumber) {
        ring = new OneToOneRingBuffer(JobRing.allocate(capacityBytes));
        number = lastNumber;
    }

    @Override
    public long append(final int type, final DirectBuffer body, final int offset, final int lengthBytes) {
        number++;
        final int index = isBehind ? -1 : ring.tryClaim(type, BODY_OFFSET + lengthBytes);
        if (index < 0) {
            isBehind = true;
            lostCount++;
            return number;
        }
        ring.buffer().putLong(index + NUMBER_OFFSET, number);
        ring.buffer().putBytes(index + BODY_OFFSET, body, offset, lengthBytes);
        ring.commit(index);
        return number;
    }

    @Override
    public long append(final JournalBase base) {
        number++;
        final int index = bases.size() == BASES_WAITING_MAX ? -1 : ring.tryClaim(BASE, BODY_OFFSET);
        if (index < 0) {
            isBehind = true;
            lostCount++;
            return number;
        }
        wishAnswered = wish;
        isBehind = false;
        bases.offer(base);
        ring.buffer().putLong(index + NUMBER_OFFSET, number);
        // The consumer sees the mark only now, so its base is always there before it.
        ring.commit(index);
        return number;
    }

    @Override
    public long number() {
        return number;
    }

    @Override
    public long durableNumber() {
        return durableNumber;
    }

    @Override
    public boolean isBaseWanted() {
        // Half of the room, so that a slow disk is not asked for one base after another.
        return wish != wishAnswered || (isBehind && ring.size() < ring.capacity() / 2 && bases.isEmpty());
    }

    @Override
    public boolean isMemoryOnly() {
        return false;
    }

    /** How the journal is doing, with the consensus side's view of it. */
    EngineStatus.Journal status() {
        return progress.with(number, durableNumber, lostCount);
    }

    /** Why the disk fails, in words; empty while it works. */
    public String failure() {
        return progress.failure();
    }

    /** Journal side: hands entries to {@code handler}, which may answer ABORT to get the same entry again later. */
    int drain(final ControlledMessageHandler handler, final int entryCountMax) {
        return ring.controlledRead(handler, entryCountMax);
    }

    /** Journal side: the base that belongs to the mark at hand. */
    JournalBase takeBase() {
        return bases.poll();
    }

    /** Journal side: everything up to here is on the disk. */
    void publish(final long newDurableNumber) {
        durableNumber = newDurableNumber;
    }

    /** Journal side: asks for a new base. */
    void wishBase() {
        wish = wish + 1;
    }

    /** Journal side: what there is to tell. */
    void progress(final EngineStatus.Journal newProgress) {
        progress = newProgress;
    }
}
