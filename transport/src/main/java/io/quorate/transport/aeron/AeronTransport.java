package io.quorate.transport.aeron;

import io.aeron.Aeron;
import io.aeron.exceptions.AeronException;
import io.quorate.transport.FrameLimits;
import io.quorate.transport.Inbox;
import io.quorate.transport.LinkCounters;
import io.quorate.transport.Outbox;
import io.quorate.transport.Transport;
import io.quorate.transport.auth.Ed25519Signer;
import io.quorate.transport.auth.Ed25519Verifier;
import io.quorate.transport.auth.Handshake;
import io.quorate.transport.auth.MacKeyRing;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.frame.FrameDispatcher;
import io.quorate.transport.frame.FrameFlyweight;
import io.quorate.transport.frame.FramePacker;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.agrona.CloseHelper;

/**
 * A peer's authenticated links over Aeron UDP unicast. Everything runs on the caller's thread: {@link #doWork(long)} drives the
 * driver (if it is an INVOKER), the client's conductor, handshakes and repairs.
 *
 * <p>Several of one driver may listen on one port, each to an epoch of its group: the port is open to the peers of all of them.
 *
 * <p>If this process was stopped for so long that the driver gave its client up, the client, the subscription and the publications
 * are made anew; sessions survive that.
 */
public final class AeronTransport implements Transport {
    private static final Pattern CHANNEL_ERROR = Pattern.compile("channel error - (.+?)(?: \\(at |: aeron:)");

    private static final long RECONNECT_PAUSE_NS = 100_000_000;
    private static final int IMAGES_PER_PEER = 4;
    private static final int IMAGES_SPARE = 8;
    private static final int DRIVER_CYCLES_MAX = 16;

    private final AeronTransportContext context;
    private final EmbeddedDriver driver;
    private final FrameLimits limits;
    private final LinkCounters counters;
    private final PeerLinks links;
    private final AeronOutbox outbox;
    private final AeronInbox inbox;
    private final GuardedEndpoint.Guests admitted;
    private final int driverCyclesMax;
    private final AtomicReference<Throwable> lastError = new AtomicReference<>();
    private Aeron aeron;
    private long reconnects;
    private long reconnectNs;
    private boolean isReconnecting;
    private boolean closed;

    private AeronTransport(final AeronTransportContext context) {
        this.context = context;
        driver = context.driver();
        driverCyclesMax = context.idleNs() > 0 ? DRIVER_CYCLES_MAX : 1;
        final Roster roster = context.roster();
        final int peers = roster.size();
        limits = FramePacker.limits(driver.settings().frameLengthMax());
        counters = new LinkCounters(peers);
        final FrameFlyweight.Link link = new FrameFlyweight.Link(
                FrameFlyweight.groupPrefix(roster.groupId()), roster.epoch(), context.localId(), context.localId());
        final List<MacKeyRing> rings = new ArrayList<>();
        for (int id = 0; id < peers; id++) {
            rings.add(new MacKeyRing());
        }
        final Handshake.Local local = new Handshake.Local(
                roster,
                context.identity(),
                context.incarnation(),
                new Ed25519Signer(context.provider(), context.identity(), roster),
                new Ed25519Verifier(context.provider(), roster),
                context.random());
        outbox = new AeronOutbox(
                link,
                context::streamId,
                context.publicationChannels(),
                context.idleNs(),
                limits,
                counters,
                driver::doWork);
        links = new PeerLinks(local, rings, context.timing(), counters, outbox);
        final FrameDispatcher dispatcher = new FrameDispatcher(link, limits, rings, counters, links);
        final int imagesMax = IMAGES_PER_PEER * peers + IMAGES_SPARE;
        inbox = new AeronInbox(dispatcher, counters, limits.frameLengthMax(), imagesMax);
        admitted = new GuardedEndpoint.Guests(context.sources(), imagesMax, context.streamId(context.localId()));
        driver.admit(admitted);
    }

    /**
     * Opens the port and the publications.
     *
     * @throws IllegalStateException if the driver refuses, for example because the port is in use
     */
    public static AeronTransport launch(final AeronTransportContext context) {
        if (context.subscriptionChannel() == null) {
            context.conclude();
        }
        final AeronTransport transport = new AeronTransport(context);
        try {
            transport.connect();
        } catch (final AeronException e) {
            final Throwable cause = context.driver().lastError();
            transport.close();
            throw new IllegalStateException(
                    "cannot open " + context.subscriptionChannel() + ": " + reason(e, cause), e);
        }
        return transport;
    }

    /** What the operating system said, if the driver passed it on; else all that it said. */
    private static String reason(final AeronException error, final Throwable cause) {
        final String whole = error.getMessage() + (cause == null ? "" : " (" + cause.getMessage() + ")");
        final Matcher channelError = CHANNEL_ERROR.matcher(whole);
        return channelError.find() ? channelError.group(1) : whole;
    }

    @Override
    public Outbox outbox() {
        return outbox;
    }

    @Override
    public Inbox inbox() {
        return inbox;
    }

    @Override
    public FrameLimits limits() {
        return limits;
    }

    @Override
    public LinkCounters counters() {
        return counters;
    }

    @Override
    public int doWork(final long nowNs) {
        if (closed) {
            return 0;
        }
        int work = drive();
        if (aeron == null || aeron.isClosed()) {
            work += reconnect(nowNs);
        } else {
            work += aeron.conductorAgentInvoker().invoke();
        }
        return work + outbox.onTick(nowNs) + links.onTick(nowNs);
    }

    @Override
    public boolean isReady(final int peerId) {
        return links.hasSession(peerId) && outbox.isConnected(peerId);
    }

    public int localId() {
        return context.localId();
    }

    /** Who computes Ed25519 here. */
    public String providerName() {
        return context.provider().providerName();
    }

    /** How often the client was made anew. */
    public long reconnects() {
        return reconnects;
    }

    /** The newest error of client or driver, or null; for status pages. */
    public Throwable lastError() {
        final Throwable error = lastError.get();
        return error == null ? driver.lastError() : error;
    }

    @Override
    public void close() {
        closed = true;
        outbox.disconnect();
        inbox.subscription(null);
        CloseHelper.quietClose(aeron);
        aeron = null;
        driver.dismiss(admitted);
    }

    /** As if the driver had given the client up; for tests. */
    void loseClient() {
        aeron.close();
    }

    /** A driver on this thread takes in one datagram a duty cycle: with many peers and long turns that is too few. */
    private int drive() {
        int done = driver.doWork();
        int work = done;
        for (int cycle = 1; cycle < driverCyclesMax && done > 0; cycle++) {
            done = driver.doWork();
            work += done;
        }
        return work;
    }

    private int reconnect(final long nowNs) {
        if (isReconnecting && nowNs - reconnectNs < 0) {
            return 0;
        }
        isReconnecting = true;
        reconnectNs = nowNs + RECONNECT_PAUSE_NS;
        outbox.disconnect();
        inbox.subscription(null);
        CloseHelper.quietClose(aeron);
        aeron = null;
        try {
            connect();
            isReconnecting = false;
            reconnects++;
        } catch (final AeronException e) {
            lastError.set(e);
        }
        return 1;
    }

    private void connect() {
        final Aeron.Context client = new Aeron.Context()
                .aeronDirectoryName(driver.aeronDirectoryName())
                .useConductorAgentInvoker(true)
                .errorHandler(lastError::set)
                .subscriberErrorHandler(lastError::set);
        if (driver.invoker() != null) {
            client.driverAgentInvoker(driver.invoker());
        }
        aeron = Aeron.connect(client);
        inbox.subscription(aeron.addSubscription(
                context.subscriptionChannel(), context.streamId(context.localId()), null, inbox::onUnavailableImage));
        outbox.connect(aeron);
    }
}
