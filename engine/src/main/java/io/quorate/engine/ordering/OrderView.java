package io.quorate.engine.ordering;

/** What somebody who reads the state must know of the order behind it; asked on the consensus thread. */
public interface OrderView {
    /** The state is not what was answered last: it is going back, or being brought up again. */
    long NOT_READABLE = -1;

    /** False while this peer may have forgotten what it answered in an earlier life. */
    boolean isVoting();

    /** The highest sequence in the state once everything handed to execution so far is applied, or {@link #NOT_READABLE}. */
    long newestSequence();

    /** Everything up to here has committed and was handed to execution. */
    long executedSequence();

    /** True if what answers out of the committed state rest on is on the disk, where there is one. */
    boolean isDurable();

    /** Another number each time that the state was replaced, by an older or a newer one. */
    long stateNumber();
}
