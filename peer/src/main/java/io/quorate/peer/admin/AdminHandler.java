package io.quorate.peer.admin;

import java.util.Map;

/** Answers requests to a running peer; called on a thread of the connection, several at once. */
@FunctionalInterface
public interface AdminHandler {
    /**
     * The answer to one request.
     *
     * @throws IllegalArgumentException if the request is wrong: the client is told so
     * @throws IllegalStateException if it cannot be done now: the client is told so
     */
    Map<String, ?> handle(Map<String, Object> request) throws InterruptedException;
}
