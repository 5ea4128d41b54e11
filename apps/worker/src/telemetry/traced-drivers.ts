import type { Frame } from '@wcr/shared/contracts/agent-frames';
import { beginSpan, failSpan, inSpan } from '@wcr/shared/telemetry/spans';
import type { AgentAddress, AgentClient } from '../drivers/agent/agent.types.ts';
import type { BrowserDriver } from '../drivers/browser/browser.types.ts';

type ConnectAgent = (address: AgentAddress) => AgentClient;

/**
 * One span for each call of an agent, which is one slice. It does not name the site: traces go to people who may know that
 * something is slow, and need not know whose it is. The job's id leads whoever may see it to the rest.
 */
export function traceAgents(connect: ConnectAgent): ConnectAgent {
  return (address) => {
    const client = connect(address);
    return { call: (operation, args, options) => tracedCall(client, address, operation, args, options) };
  };
}

async function* tracedCall(
  client: AgentClient,
  { transport }: AgentAddress,
  ...[operation, args, options]: Parameters<AgentClient['call']>
): AsyncGenerator<Frame> {
  const span = beginSpan(`agent ${operation}`, {
    kind: 'client',
    attributes: { 'wcr.agent.operation': operation, 'wcr.agent.transport': transport },
  });
  const answer = { frames: 0, bytes: 0 };
  try {
    for await (const frame of client.call(operation, args, options)) {
      answer.frames += 1;
      answer.bytes += frame.data.length;
      yield frame;
    }
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    if (span.isRecording()) {
      span.setAttributes({
        'wcr.agent.frames.sent': options.frames?.length ?? 0,
        'wcr.agent.bytes.sent': sizeOf(options.frames ?? []),
        'wcr.agent.frames.received': answer.frames,
        'wcr.agent.bytes.received': answer.bytes,
      });
    }
    span.end();
  }
}

function sizeOf(frames: readonly Buffer[][]): number {
  return frames.flat().reduce((sum, part) => sum + part.length, 0);
}

/** One span for each time that a browser goes to work in wp-admin. */
export function traceBrowser(browser: BrowserDriver): BrowserDriver {
  return {
    ...browser,
    ensurePlugin: (login, context) => inSpan('browser ensure-plugin', {}, () => browser.ensurePlugin(login, context)),
  };
}
