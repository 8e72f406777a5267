package io.quorate.benchmarks.mesh;

import java.util.concurrent.atomic.AtomicIntegerArray;

/** What the links between members lose, in parts of a million, by direction. Any thread. */
final class Faults {
    static final int ALL = 1_000_000;

    private final int members;
    private final AtomicIntegerArray lossPpm;

    Faults(final int members) {
        this.members = members;
        lossPpm = new AtomicIntegerArray(members * members);
    }

    int members() {
        return members;
    }

    int loss(final int fromId, final int toId) {
        return lossPpm.get(fromId * members + toId);
    }

    void lose(final int fromId, final int toId, final int ppm) {
        lossPpm.set(fromId * members + toId, ppm);
    }

    /** Both ways between a member and all others. */
    void loseAt(final int memberId, final int ppm) {
        for (int other = 0; other < members; other++) {
            lose(memberId, other, ppm);
            lose(other, memberId, ppm);
        }
    }

    /** Everywhere. */
    void loseEverywhere(final int ppm) {
        for (int id = 0; id < members; id++) {
            loseAt(id, ppm);
        }
    }

    /** Nothing passes between the members below a number and the others; or everything does again. */
    void split(final int below, final boolean isCut) {
        for (int a = 0; a < below; a++) {
            for (int b = below; b < members; b++) {
                lose(a, b, isCut ? ALL : 0);
                lose(b, a, isCut ? ALL : 0);
            }
        }
    }
}
