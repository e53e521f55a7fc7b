/** The SDK over our HTTP policy: its own handler knows neither HTTPS_PROXY nor the system's trust store. */
import type { HttpHandlerOptions, HttpRequest, HttpResponse, RequestHandler } from '@smithy/types';
import type { Http } from './http.ts';

const queryOf = (query: HttpRequest['query']): string => {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) parameters.append(name, one);
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text.replaceAll('+', '%20')}`;
};

/** A request handler for any SDK client. */
export const sdkHandler = (http: Http, timeoutMs: number): RequestHandler<HttpRequest, HttpResponse, HttpHandlerOptions> => ({
  metadata: { handlerProtocol: 'http/1.1' },
  destroy: () => undefined, // the connections belong to whoever made `http`
  handle: async (request, options) => {
    const port = request.port === undefined ? '' : `:${request.port}`;
    const answer = await http.send({
      url: `${request.protocol}//${request.hostname}${port}${request.path}${queryOf(request.query)}`,
      method: request.method as 'GET' | 'POST' | 'PUT',
      headers: request.headers,
      ...(request.body === undefined ? {} : { body: request.body as string | Uint8Array }),
      timeoutMs,
      signal: options?.abortSignal as AbortSignal | undefined,
    });
    return { response: { statusCode: answer.status, headers: { ...answer.headers }, body: answer.body } };
  },
});
