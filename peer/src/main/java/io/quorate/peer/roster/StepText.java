package io.quorate.peer.roster;

import io.quorate.engine.epoch.RosterStep;
import io.quorate.transport.auth.Roster;

/** A step from one roster to the next, for people: what it does, and what is left to do for the operators. */
public final class StepText {
    private StepText() {}

    /**
     * One line.
     *
     * @throws IllegalArgumentException if there is no step from one to the other
     */
    public static String summary(final Roster current, final Roster next) {
        final RosterStep step = RosterStep.between(current, next);
        final String epoch = "epoch " + next.epoch();
        return switch (step.kind()) {
            case ADD -> epoch + " adds " + peer(next.peer(step.peerId()));
            case REMOVE -> epoch + " is without " + peer(current.peer(step.peerId())) + takesOver(step, current, next);
            case REPLACE ->
                epoch + " has " + peer(next.peer(step.peerId())) + " in the place of "
                        + current.peer(step.peerId()).name();
            case ROTATE -> epoch + " has a new key of " + peer(next.peer(step.peerId()));
            case MOVE ->
                epoch + " has " + peer(next.peer(step.peerId())) + " where "
                        + current.peer(step.peerId()).name() + " was at "
                        + current.peer(step.peerId()).address();
        };
    }

    private static String takesOver(final RosterStep step, final Roster current, final Roster next) {
        return step.peerId() == next.size()
                ? ""
                : "; " + current.peer(next.size()).name() + " takes over the id " + step.peerId();
    }

    /** What the operator of the peer that the step is about has to do; empty if it is nothing. */
    public static String whatIsLeft(final Roster current, final Roster next) {
        final RosterStep step = RosterStep.between(current, next);
        final String leaver = step.kind() == RosterStep.Kind.REMOVE || step.kind() == RosterStep.Kind.REPLACE
                ? current.peer(step.peerId()).name()
                        + " is no peer any more: leave it running until the others' status says epoch " + next.epoch()
                        + ", then stop it"
                : "";
        return switch (step.kind()) {
            case ADD -> start(next.peer(step.peerId()).name());
            case REMOVE -> leaver;
            case REPLACE -> start(next.peer(step.peerId()).name()) + "\n" + leaver;
            case ROTATE ->
                next.peer(step.peerId()).name()
                        + " needs both keys while it goes over (./quorate peer --key OLD --key NEW); when it is in epoch "
                        + next.epoch() + ", destroy the old one";
            case MOVE ->
                next.peer(step.peerId()).name() + " listens at "
                        + next.peer(step.peerId()).address()
                        + " from now on; at its next start give it the next roster and that address";
        };
    }

    private static String start(final String newcomer) {
        return "if " + newcomer
                + " does not run yet: ./quorate peer --roster NEXT --before PRESENT --key ... starts it";
    }

    private static String peer(final Roster.Peer peer) {
        return "peer " + peer.id() + " (" + peer.name() + ", " + peer.address() + ", key " + peer.fingerprint() + ")";
    }
}
