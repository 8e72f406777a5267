package io.quorate.transport;

/** Where authenticated messages come from; polled on the consensus thread only. */
public interface Inbox {
    /**
     * Hands waiting messages to {@code handler}, frame by frame.
     *
     * @param frameCountMax how many frames at the most
     * @return frames handled, for the idle strategy
     */
    int poll(FrameHandler handler, int frameCountMax);
}
