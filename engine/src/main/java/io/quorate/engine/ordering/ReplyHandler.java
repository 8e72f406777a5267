package io.quorate.engine.ordering;

import org.agrona.DirectBuffer;

/** Receives the reply that enough replicas agree on. */
@FunctionalInterface
public interface ReplyHandler {
    void onReply(long requestNumber, DirectBuffer reply, int offset, int lengthBytes);
}
