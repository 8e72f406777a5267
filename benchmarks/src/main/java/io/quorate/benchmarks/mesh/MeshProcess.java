package io.quorate.benchmarks.mesh;

import io.quorate.engine.membership.MemberTable;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.node.MeshNode;
import io.quorate.engine.node.MeshNodeContext;
import io.quorate.transport.aeron.AeronTransport;
import io.quorate.transport.aeron.AeronTransportContext;
import io.quorate.transport.aeron.DriverSettings;
import io.quorate.transport.aeron.EmbeddedDriver;
import io.quorate.transport.aeron.PeerLinks;
import io.quorate.transport.auth.Ed25519Provider;
import io.quorate.transport.auth.Ed25519Signer;
import io.quorate.transport.auth.Ed25519Verifier;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;

/**
 * One member with its own driver, links and state, as a process would have them, run by a thread that others share. It can be stopped as
 * a process can: then nothing of it works, its driver included.
 */
final class MeshProcess implements Agent, AutoCloseable {
    private static final long MS = 1_000_000;
    private static final long IDLE_NS = 120_000 * MS;

    /** A link status each 10 s, since nothing hangs on it here; handshakes are repeated quickly. */
    private static final PeerLinks.Timing TIMING =
            new PeerLinks.Timing(10 * MS, 200 * MS, 5_000 * MS, 10_000 * MS, 10_000 * MS, 3_600_000 * MS);

    private final int id;
    private final EmbeddedDriver driver;
    private final MeshNode node;
    private final Accuser accuser;
    private volatile boolean isStopped;

    /**
     * Opens the port; {@link MeshNode#start} lets the member take part.
     *
     * @param victimId whom this member accuses without end once {@link Accuser#begin} is called
     */
    MeshProcess(
            final Path folder,
            final Roster roster,
            final PeerIdentity identity,
            final MembershipContext membership,
            final Faults faults,
            final MemberTable.Listener listener,
            final int victimId) {
        id = membership.selfId();
        final Ed25519Provider provider = Ed25519Provider.choose();
        driver = EmbeddedDriver.launch(
                folder.resolve("member-" + id), EmbeddedDriver.Threading.INVOKER, DriverSettings.shortMessages());
        try {
            final AeronTransport transport = AeronTransport.launch(new AeronTransportContext()
                    .roster(roster)
                    .identity(identity)
                    .provider(provider)
                    .linksOnDemand(IDLE_NS)
                    .timing(TIMING)
                    .driver(driver));
            final Ed25519Signer signer = new Ed25519Signer(provider, identity, roster);
            node = new MeshNode(new MeshNodeContext()
                    .membership(membership)
                    .transport(new FaultyTransport(id, transport, faults))
                    .signer(signer)
                    .verifier(new Ed25519Verifier(provider, roster))
                    .random(new SplittableRandom(System.nanoTime() + id))
                    .stateListener(listener)
                    .conclude());
            accuser = new Accuser(id, victimId, node, signer);
        } catch (final RuntimeException e) {
            driver.close();
            throw e;
        }
    }

    int id() {
        return id;
    }

    MeshNode node() {
        return node;
    }

    Accuser accuser() {
        return accuser;
    }

    /** As SIGSTOP and SIGCONT would. Any thread. */
    void stopped(final boolean isNowStopped) {
        isStopped = isNowStopped;
    }

    boolean isStopped() {
        return isStopped;
    }

    @Override
    public int doWork() {
        if (isStopped) {
            return 0;
        }
        accuser.onTurn();
        return node.doWork();
    }

    @Override
    public String roleName() {
        return "member " + id;
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(node, driver);
    }
}
