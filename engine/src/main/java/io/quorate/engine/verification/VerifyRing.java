package io.quorate.engine.verification;

import static io.quorate.engine.ordering.Request.SIGNATURE_LENGTH;

import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import org.agrona.BitUtil;
import org.agrona.BufferUtil;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Signed requests whose signature is being checked: the owner, a consensus agent, puts them in, a checker writes a verdict beside each
 * in place, and the owner takes them out again in the order in which it put them in. So a check (about 50 us) delays no message that
 * carries only a MAC.
 *
 * <p>The checker is a {@link VerifyAgent} on a thread of its own, or the owner itself, which then makes a few checks a turn. One
 * copy of the statement, nothing allocated, no lock: the checker owns the cells between {@code checked} and {@code offered}, the
 * owner the others.
 */
public final class VerifyRing {
    private static final int SENDER_OFFSET = 0;
    private static final int CLIENT_OFFSET = 4;
    private static final int NUMBER_OFFSET = 8;
    private static final int LENGTH_OFFSET = 16;
    private static final int VERDICT_OFFSET = 20;
    private static final int STATEMENT_OFFSET = 24;

    /** Two positions, each with a pair of cache lines around it that nobody else writes to. */
    private static final int LINE = 2 * BitUtil.CACHE_LINE_LENGTH;

    private static final int OFFERED_OFFSET = LINE / 2;
    private static final int CHECKED_OFFSET = OFFERED_OFFSET + LINE;

    private final Verifier verifier;
    private final int cellCount;
    private final int cellLength;
    private final int shareMax;
    private final int ownerChecks;
    private final UnsafeBuffer cells;
    private final UnsafeBuffer positions;
    private final int[] share;

    /** Owner's only. */
    private long taken;

    /**
     * @param verifier of the checker's own; used by its thread alone
     * @param peerCount whose senders share the room evenly, so that one that floods leaves the others' share
     * @param cellCount requests that fit in; a power of two
     * @param statementLengthMax longest statement that is taken, in bytes
     * @param ownerChecks how many signatures the owner checks a turn; 0 if a {@link VerifyAgent} does it
     */
    public VerifyRing(
            final Verifier verifier,
            final int peerCount,
            final int cellCount,
            final int statementLengthMax,
            final int ownerChecks) {
        if (!BitUtil.isPowerOfTwo(cellCount) || cellCount < peerCount) {
            throw new IllegalArgumentException(
                    "cellCount is a power of two and at least peerCount " + peerCount + ", given " + cellCount);
        }
        this.verifier = verifier;
        this.cellCount = cellCount;
        this.ownerChecks = ownerChecks;
        cellLength = BitUtil.align(STATEMENT_OFFSET + statementLengthMax, BitUtil.CACHE_LINE_LENGTH);
        shareMax = cellCount / peerCount;
        share = new int[peerCount];
        cells = new UnsafeBuffer(BufferUtil.allocateDirectAligned(cellCount * cellLength, BitUtil.CACHE_LINE_LENGTH));
        positions = new UnsafeBuffer(BufferUtil.allocateDirectAligned(3 * LINE, BitUtil.CACHE_LINE_LENGTH));
    }

    private int cellAt(final long position) {
        return (int) (position & cellCount - 1) * cellLength;
    }

    /**
     * Owner: takes in a signed request.
     *
     * @param senderId who handed it in
     * @param offset of the signature, which the signed content follows
     * @param lengthBytes of both
     * @return false, and nothing taken, if it is too long or its sender has used its share: check it yourself
     */
    public boolean offer(
            final int senderId,
            final int clientId,
            final long requestNumber,
            final DirectBuffer statement,
            final int offset,
            final int lengthBytes) {
        final long position = positions.getLong(OFFERED_OFFSET);
        if (STATEMENT_OFFSET + lengthBytes > cellLength
                || share[senderId] == shareMax
                || position - taken == cellCount) {
            return false;
        }
        final int cell = cellAt(position);
        cells.putInt(cell + SENDER_OFFSET, senderId);
        cells.putInt(cell + CLIENT_OFFSET, clientId);
        cells.putLong(cell + NUMBER_OFFSET, requestNumber);
        cells.putInt(cell + LENGTH_OFFSET, lengthBytes);
        cells.putBytes(cell + STATEMENT_OFFSET, statement, offset, lengthBytes);
        share[senderId]++;
        positions.putLongRelease(OFFERED_OFFSET, position + 1);
        return true;
    }

    /** Checker: checks so many signatures at most; returns how many. */
    public int check(final int limit) {
        final long from = positions.getLong(CHECKED_OFFSET);
        final long to = Math.min(positions.getLongAcquire(OFFERED_OFFSET), from + limit);
        for (long position = from; position < to; position++) {
            final int cell = cellAt(position);
            final int statement = cell + STATEMENT_OFFSET;
            final boolean holds = verifier.verify(
                    cells.getInt(cell + CLIENT_OFFSET),
                    SigningDomain.REQUEST,
                    cells,
                    statement + SIGNATURE_LENGTH,
                    cells.getInt(cell + LENGTH_OFFSET) - SIGNATURE_LENGTH,
                    cells,
                    statement);
            cells.putInt(cell + VERDICT_OFFSET, holds ? 1 : 0);
            // One by one: the owner need not wait for the last.
            positions.putLongRelease(CHECKED_OFFSET, position + 1);
        }
        return (int) (to - from);
    }

    /** Owner: one turn, which checks if nobody else does, and hands out what has its verdict; returns the work done. */
    public int turn(final Handler handler) {
        final int checkedHere = ownerChecks == 0 ? 0 : check(ownerChecks);
        final long to = positions.getLongAcquire(CHECKED_OFFSET);
        final int handed = (int) (to - taken);
        while (taken < to) {
            final int cell = cellAt(taken);
            final int senderId = cells.getInt(cell + SENDER_OFFSET);
            share[senderId]--;
            handler.onChecked(
                    senderId,
                    cells.getInt(cell + CLIENT_OFFSET),
                    cells.getLong(cell + NUMBER_OFFSET),
                    cells,
                    cell + STATEMENT_OFFSET,
                    cells.getInt(cell + LENGTH_OFFSET),
                    cells.getInt(cell + VERDICT_OFFSET) == 1);
            taken++;
        }
        return checkedHere + handed;
    }

    /** Takes a request back, with the verdict. */
    @FunctionalInterface
    public interface Handler {
        /** What {@code offer} got; {@code buffer} is the ring's and holds until the call returns. */
        void onChecked(
                int senderId,
                int clientId,
                long requestNumber,
                DirectBuffer buffer,
                int offset,
                int lengthBytes,
                boolean holds);
    }
}
