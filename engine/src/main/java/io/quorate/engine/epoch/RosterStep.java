package io.quorate.engine.epoch;

import io.quorate.transport.auth.Roster;
import java.util.Arrays;

/**
 * The one difference between the roster of an epoch and that of the next (docs/protocols/reconfiguration.md, section 2), and
 * which id each peer had before. Immutable; a pure function of two rosters.
 */
public final class RosterStep {
    /** Below this many peers no liar is survived. */
    public static final int PEERS_MIN = 4;

    /** A newcomer had no id before. */
    public static final int NEWCOMER = -1;

    /** Who is taken away has no id after. */
    public static final int GONE = -1;

    /** What happens to one peer. */
    public enum Kind {
        ADD,
        REMOVE,
        /** Another name and key under the same id. */
        REPLACE,
        /** Another key, the same name and address: the same peer. */
        ROTATE,
        /** Another name or address, the same key: the same peer. */
        MOVE
    }

    private final Kind kind;
    private final int peerId;
    private final int peerCountBefore;
    private final int peerCountAfter;

    private RosterStep(final Kind kind, final int peerId, final Roster before, final Roster after) {
        this.kind = kind;
        this.peerId = peerId;
        peerCountBefore = before.size();
        peerCountAfter = after.size();
    }

    /**
     * The step from one roster to the next.
     *
     * @throws IllegalArgumentException if there is none: saying what was given and what is allowed
     */
    public static RosterStep between(final Roster before, final Roster after) {
        require(after.epoch() == before.epoch() + 1, "the next epoch is " + (before.epoch() + 1), after.epoch());
        require(after.settings().equals(before.settings()), "a step keeps the settings", after.epoch());
        require(after.size() >= PEERS_MIN, "a group has at least " + PEERS_MIN + " peers", after.size());
        final int grown = after.size() - before.size();
        require(Math.abs(grown) <= 1, "a step adds or removes one peer", grown);
        final RosterStep step;
        if (grown == 1) {
            step = new RosterStep(Kind.ADD, before.size(), before, after);
        } else if (grown == -1) {
            step = new RosterStep(Kind.REMOVE, removedId(before, after), before, after);
        } else {
            step = changed(before, after);
        }
        for (int id = 0; id < after.size(); id++) {
            final int oldId = step.oldIdOf(id);
            final boolean isTouched = step.kind != Kind.REMOVE && id == step.peerId;
            require(isTouched || isSame(before.peer(oldId), after.peer(id)), "a step changes one peer", id);
        }
        return step;
    }

    private static int removedId(final Roster before, final Roster after) {
        for (int id = 0; id < after.size(); id++) {
            if (!isSame(before.peer(id), after.peer(id))) {
                return id;
            }
        }
        return after.size();
    }

    private static RosterStep changed(final Roster before, final Roster after) {
        for (int id = 0; id < after.size(); id++) {
            final Roster.Peer old = before.peer(id);
            final Roster.Peer now = after.peer(id);
            if (isSame(old, now)) {
                continue;
            }
            if (Arrays.equals(old.publicKey(), now.publicKey())) {
                return new RosterStep(Kind.MOVE, id, before, after);
            }
            require(
                    before.idOf(now.publicKey()) < 0,
                    "a new key is none of a peer of the epoch before",
                    before.idOf(now.publicKey()));
            final boolean isSameName = old.name().equals(now.name());
            require(
                    !isSameName || old.address().equals(now.address()),
                    "a peer with another key keeps name and address, or has another name",
                    id);
            return new RosterStep(isSameName ? Kind.ROTATE : Kind.REPLACE, id, before, after);
        }
        throw new IllegalArgumentException("the next roster has the same peers; a step changes one");
    }

    private static boolean isSame(final Roster.Peer a, final Roster.Peer b) {
        return a.name().equals(b.name())
                && a.address().equals(b.address())
                && Arrays.equals(a.publicKey(), b.publicKey());
    }

    private static void require(final boolean condition, final String rule, final long given) {
        if (!condition) {
            throw new IllegalArgumentException(rule + ", given " + given);
        }
    }

    public Kind kind() {
        return kind;
    }

    /** The id that the step is about: in the roster before if it removes, else in the one after. */
    public int peerId() {
        return peerId;
    }

    public int peerCountBefore() {
        return peerCountBefore;
    }

    public int peerCountAfter() {
        return peerCountAfter;
    }

    /** The id after of a peer of the roster before, or {@link #GONE}. */
    public int newIdOf(final int oldId) {
        if (oldId < 0 || oldId >= peerCountBefore) {
            throw new IllegalArgumentException("peer " + oldId + " is not in 0.." + (peerCountBefore - 1));
        }
        for (int newId = 0; newId < peerCountAfter; newId++) {
            if (oldIdOf(newId) == oldId) {
                return newId;
            }
        }
        return GONE;
    }

    /** The id before of a peer of the roster after, or {@link #NEWCOMER}. */
    public int oldIdOf(final int newId) {
        if (newId < 0 || newId >= peerCountAfter) {
            throw new IllegalArgumentException("peer " + newId + " is not in 0.." + (peerCountAfter - 1));
        }
        if (newId != peerId) {
            return newId;
        }
        return switch (kind) {
            case ADD, REPLACE -> NEWCOMER;
            // The last one fills the gap.
            case REMOVE -> peerCountAfter;
            case ROTATE, MOVE -> newId;
        };
    }
}
