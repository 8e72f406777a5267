package io.quorate.engine.agent;

import io.quorate.engine.journal.JournalBase;
import io.quorate.engine.journal.JournalHistory;
import io.quorate.engine.journal.JournalRecord;
import io.quorate.engine.journal.JournalStore;
import io.quorate.engine.metrics.EngineStatus;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.ControlledMessageHandler;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Owns the journal's disk side: takes entries from the ring, hands them on as records, and publishes one durable number. Has a
 * thread of its own in every threading mode, because a disk may hold it up. Decides nothing.
 *
 * <p>A disk that fails, full or broken, does not stop the peer: what cannot be written is thrown away, so no vote leaves, and
 * once a second the disk is tried again. When it works, the replica is asked for a new base.
 */
public final class JournalAgent implements Agent {
    private static final int ENTRIES_A_TURN = 256;
    private static final long RETRY_NS = 1_000_000_000L;
    private static final long GROWN_BYTES = 64L * 1024 * 1024;
    private static final UnsafeBuffer NOTHING = new UnsafeBuffer(new byte[0]);

    private enum State {
        /** A file is open; what comes before its base is thrown away. */
        AWAITING_BASE,
        RUNNING,
        FAILED
    }

    private final NanoClock clock;
    private final JournalStore store;
    private final ControlledMessageHandler onEntry = this::onEntry;
    private JournalRing ring;
    private State state = State.AWAITING_BASE;
    private String failure = "";
    private String found = "";
    private long retryAtNs;
    private long failureCount;
    private long recordCount;
    private long byteCount;
    private long durableNumber;
    private JournalBase base;
    private long baseNumber;
    private int baseIndex;
    private int partsDone;
    private boolean isBaseDropping;
    private Runnable onFirstBase = () -> {};
    private boolean isBaseKnown;
    private boolean isBaseWished;

    public JournalAgent(final NanoClock clock, final JournalStore store) {
        this.clock = clock;
        this.store = store;
    }

    /**
     * Reads what there is and opens a new file, on the launching thread.
     *
     * @throws IllegalStateException if the disk cannot be written
     */
    public JournalHistory open() {
        final JournalHistory history = store.read();
        found = switch (history.verdict()) {
            case EMPTY -> "empty";
            case INTACT -> "intact up to number " + history.lastNumber();
            case DAMAGED -> "damaged: " + history.reason();
        };
        store.begin();
        return history;
    }

    /** Where entries come from; before the agent's thread starts. */
    public void ring(final JournalRing newRing) {
        ring = newRing;
        tell("writes");
    }

    /**
     * What is to happen on this agent's thread when the first base is on the disk, before anybody is told, so before anything leaves
     * that rests on it; before the agent's thread starts. If it fails, so does the journal, and it is done again.
     */
    public void onFirstBase(final Runnable newOnFirstBase) {
        onFirstBase = newOnFirstBase;
    }

    @Override
    public String roleName() {
        return "journal";
    }

    @Override
    public int doWork() {
        try {
            return work();
        } catch (final RuntimeException e) {
            fail(e);
            return 0;
        }
    }

    @Override
    public void onClose() {
        try {
            // What was appended last is still written if the disk takes it.
            for (int turn = 0; turn < ENTRIES_A_TURN && work() > 0; turn++) {
                Thread.onSpinWait();
            }
        } catch (final RuntimeException e) {
            fail(e);
        } finally {
            store.close();
        }
    }

    private int work() {
        int workCount = 0;
        if (state == State.FAILED) {
            workCount += ring.drain(onEntry, ENTRIES_A_TURN);
            if (clock.nanoTime() - retryAtNs >= 0) {
                retryAtNs = clock.nanoTime() + RETRY_NS;
                store.begin();
                state = State.AWAITING_BASE;
                ring.wishBase();
            }
            return workCount;
        }
        if (base != null) {
            workCount += writeBase();
        }
        if (base == null) {
            workCount += ring.drain(onEntry, ENTRIES_A_TURN);
        }
        if (state == State.RUNNING) {
            workCount += publish();
        }
        return workCount;
    }

    private int publish() {
        final long durable = store.poll();
        if (durable <= durableNumber) {
            return 0;
        }
        if (!isBaseKnown) {
            onFirstBase.run();
            isBaseKnown = true;
        }
        durableNumber = durable;
        ring.publish(durable);
        tell("writes");
        if (isBaseDropping && durable >= baseNumber) {
            isBaseDropping = false;
            store.dropBefore(baseNumber);
        }
        if (!isBaseWished && store.lengthBytes() > GROWN_BYTES) {
            isBaseWished = true;
            ring.wishBase();
        }
        return 1;
    }

    private ControlledMessageHandler.Action onEntry(
            final int type, final MutableDirectBuffer buffer, final int index, final int lengthBytes) {
        final long number = buffer.getLong(index + JournalRing.NUMBER_OFFSET);
        if (type == JournalRing.BASE) {
            final JournalBase next = ring.takeBase();
            if (state != State.FAILED) {
                base = next;
                baseNumber = number;
                baseIndex = -1;
                isBaseDropping = false;
                // The rest of the ring stands behind the base.
                return ControlledMessageHandler.Action.BREAK;
            }
            return ControlledMessageHandler.Action.CONTINUE;
        }
        final boolean isTaken = state != State.RUNNING
                || write(type, number, buffer, index + JournalRing.BODY_OFFSET, lengthBytes - JournalRing.BODY_OFFSET);
        return isTaken ? ControlledMessageHandler.Action.CONTINUE : ControlledMessageHandler.Action.ABORT;
    }

    /** The newest failure of the disk in words; empty if there was none. To be read when the agent does not run. */
    public String failure() {
        return failure;
    }

    /** Writes as much of the base as the disk takes now. */
    private int writeBase() {
        int workCount = 0;
        while (base != null) {
            final boolean isTaken;
            if (baseIndex < 0) {
                isTaken = write(JournalRecord.BASE_BEGIN, baseNumber, NOTHING, 0, 0);
            } else if (baseIndex < base.count()) {
                final JournalBase.Entry entry = base.entry(baseIndex);
                isTaken = write(entry.type(), baseNumber, entry.body(), entry.offset(), entry.lengthBytes());
            } else {
                isTaken = write(JournalRecord.BASE_END, baseNumber, NOTHING, 0, 0);
            }
            if (!isTaken) {
                return workCount;
            }
            workCount++;
            baseIndex++;
            if (baseIndex > base.count()) {
                base = null;
                isBaseDropping = true;
                isBaseWished = false;
                state = State.RUNNING;
            }
        }
        return workCount;
    }

    /** Writes one entry in parts; false if the disk takes no more now: go on with the same entry later. */
    private boolean write(
            final int type, final long number, final DirectBuffer body, final int offset, final int lengthBytes) {
        final int parts = Math.max(1, (lengthBytes - 1) / JournalRecord.PART_LENGTH_MAX + 1);
        while (partsDone < parts) {
            final int done = partsDone * JournalRecord.PART_LENGTH_MAX;
            final int length = Math.min(JournalRecord.PART_LENGTH_MAX, lengthBytes - done);
            if (!store.write(type, number, parts - 1 - partsDone, body, offset + done, length)) {
                return false;
            }
            partsDone++;
            recordCount++;
            byteCount += JournalRecord.HEADER_LENGTH + length;
        }
        partsDone = 0;
        return true;
    }

    private void fail(final RuntimeException error) {
        state = State.FAILED;
        failure = String.valueOf(error.getMessage());
        failureCount++;
        retryAtNs = clock.nanoTime() + RETRY_NS;
        base = null;
        partsDone = 0;
        isBaseDropping = false;
        tell("failed");
    }

    private void tell(final String words) {
        if (ring != null) {
            ring.progress(new EngineStatus.Journal(
                    found,
                    words,
                    0,
                    0,
                    recordCount,
                    store.forcedCount(),
                    byteCount,
                    0,
                    failureCount,
                    words.equals("failed") ? failure : ""));
        }
    }
}
