package io.quorate.transport.auth;

import org.agrona.DirectBuffer;

/**
 * The sessions under which one other peer may send to us, each with its replay window. Consensus thread only.
 *
 * <p>A handshake only makes a <em>candidate</em>. The first frame with a right MAC under it proves that the other peer holds the
 * key and makes it <em>current</em>; the session before it stays as <em>previous</em> until {@link #dropPrevious()}. So nobody can
 * cut an established session by repeating an old Hello. A Hello that looks older than one we have seen (a replay, or a peer whose
 * clock went back) may only take the second candidate slot, never push out the candidate of a newer one.
 */
public final class MacKeyRing {
    private static final int CURRENT = 0;
    private static final int PREVIOUS = 1;
    private static final int CANDIDATE = 2;
    private static final int STALE_CANDIDATE = 3;
    private static final int SLOTS = 4;

    private final SessionKeys[] keys = new SessionKeys[SLOTS];
    private final ReplayWindow[] windows = new ReplayWindow[SLOTS];
    private DirectBuffer opened;

    /** What {@link #open} found. */
    public enum Verdict {
        ACCEPTED,
        /** Accepted, and the first frame of its session: the session is now the current one. */
        CONFIRMED,
        UNKNOWN_KEY,
        WRONG_MAC,
        REPLAYED
    }

    /** Puts a session that a handshake made into a candidate slot. */
    public void offer(final SessionKeys session, final boolean fresh) {
        final int slot = fresh ? CANDIDATE : STALE_CANDIDATE;
        keys[slot] = session;
        windows[slot] = new ReplayWindow();
    }

    /**
     * Checks key id, MAC and replay window of a frame, in this order, and records its counter. The body of an accepted one is where
     * {@link #opened()} says.
     *
     * @param suite how the frame says it is sealed; part of what the MAC covers
     * @param tagOffset where the frame ends and its tag begins
     */
    public Verdict open(
            final long keyId,
            final long counter,
            final int suite,
            final DirectBuffer buffer,
            final int offset,
            final int headerLength,
            final int tagOffset) {
        for (int slot = 0; slot < SLOTS; slot++) {
            final SessionKeys session = keys[slot];
            if (session != null && session.keyId() == keyId) {
                if (suite != session.sealing().suite()
                        || !session.open(buffer, offset, headerLength, tagOffset, counter)) {
                    return Verdict.WRONG_MAC;
                }
                if (!windows[slot].accept(counter)) {
                    return Verdict.REPLAYED;
                }
                opened = session.opened();
                if (slot >= CANDIDATE) {
                    promote(slot);
                    return Verdict.CONFIRMED;
                }
                return Verdict.ACCEPTED;
            }
        }
        return Verdict.UNKNOWN_KEY;
    }

    /** The body of the frame accepted last, from 0 on; null if it stands in the frame as it came. */
    public DirectBuffer opened() {
        return opened;
    }

    /** Ends the grace of the session before the current one. */
    public void dropPrevious() {
        keys[PREVIOUS] = null;
        windows[PREVIOUS] = null;
    }

    /** Key id of the current session, or 0. */
    public long currentKeyId() {
        return keys[CURRENT] == null ? 0 : keys[CURRENT].keyId();
    }

    /** The other peer's incarnation in the current session, or -1. */
    public long currentIncarnation() {
        return keys[CURRENT] == null ? -1 : keys[CURRENT].incarnation();
    }

    /** Highest counter received in the current session, or 0. */
    public long currentCounter() {
        return windows[CURRENT] == null ? 0 : windows[CURRENT].highest();
    }

    private void promote(final int slot) {
        keys[PREVIOUS] = keys[CURRENT];
        windows[PREVIOUS] = windows[CURRENT];
        keys[CURRENT] = keys[slot];
        windows[CURRENT] = windows[slot];
        keys[slot] = null;
        windows[slot] = null;
    }
}
