package io.quorate.engine.ordering;

import org.agrona.DirectBuffer;

/** The client's side of an ordering core (pBFT or Raft): submit a request, get its reply once the group has ordered and applied it. */
public interface Ordering {
    /** The window of unanswered requests is full; submit again later. */
    long REFUSED = -1;

    /**
     * Hands a request to the group, exactly once whatever is lost or repeated on the way.
     *
     * @return the request number that its reply will carry, or {@link #REFUSED}
     * @throws IllegalArgumentException if the request is longer than the group allows
     */
    long submit(DirectBuffer request, int offset, int lengthBytes, long nowNs);
}
