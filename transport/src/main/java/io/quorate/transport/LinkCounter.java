package io.quorate.transport;

/** What a link counts, per peer. */
public enum LinkCounter {
    FRAMES_SENT("frames", "Frames handed to the network, handshakes included."),
    BYTES_SENT("bytes", "Bytes of those frames."),
    MESSAGES_SENT("messages", "Messages packed into frames that were handed to the network."),
    FRAMES_RECEIVED("frames", "Frames that passed every check."),
    BYTES_RECEIVED("bytes", "Bytes of those frames."),
    MESSAGES_RECEIVED("messages", "Messages of those frames, link messages included."),
    BACK_PRESSURED("frames", "Offers refused because the receiver's window is full; tried again."),
    ADMIN_ACTION("frames", "Offers refused by a log rotation; tried again."),
    NOT_CONNECTED("frames", "Frames dropped because nobody listens."),
    PUBLICATION_LOST("frames", "Frames dropped because the publication was closed or used up; it is rebuilt."),
    MESSAGES_REFUSED("messages", "Messages refused because the waiting frame was full or no session existed."),
    HELLOS_SENT("messages", "Handshakes begun or begun again by this peer."),
    HELLOS_ANSWERED("messages", "Handshakes of the other peer that were answered."),
    SESSIONS_OPENED("sessions", "Sessions for sending that came to be."),
    SESSIONS_CONFIRMED("sessions", "Sessions for receiving that the other peer proved to hold."),
    PUBLICATIONS_REBUILT("publications", "Publications made anew after they were lost.");

    private final String unit;
    private final String description;

    LinkCounter(final String unit, final String description) {
        this.unit = unit;
        this.description = description;
    }

    public String unit() {
        return unit;
    }

    public String description() {
        return description;
    }
}
