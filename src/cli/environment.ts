/** Environment variables that count besides those that stand for flags: name, meaning. */
export const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['IMDS_ENDPOINT', 'host or host:port of IMDS; beats AWS_EC2_METADATA_SERVICE_ENDPOINT'],
  ['AWS_EC2_METADATA_SERVICE_ENDPOINT', 'URL of IMDS; ..._ENDPOINT_MODE chooses IPv4 or IPv6'],
  ['AWS_EC2_METADATA_DISABLED', 'true: IMDS is never asked'],
  ['AWS_REGION, AWS_DEFAULT_REGION', 'region for `token`, `max-pods` and `preview --describe` where no flag gives one'],
  ['AWS_ENDPOINT_URL', 'for all AWS APIs; AWS_ENDPOINT_URL_EKS, _EC2, _STS, _ECR for one'],
  ['AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT', 'true: FIPS or dual-stack endpoints'],
  ['AWS_MAX_ATTEMPTS', 'attempts of an AWS call where --aws-api-retry-attempts is not given'],
  ['AWS_CA_BUNDLE', 'PEM file of certificate authorities, trusted besides the system’s'],
  ['AWS_PROFILE, AWS_ACCESS_KEY_ID …', 'credentials, by the rules of the AWS SDKs'],
  ['HTTPS_PROXY, HTTP_PROXY, NO_PROXY', 'proxy for AWS APIs; never used for IMDS'],
  [
    'PRIVATE_DNS_NAME_MAX_ATTEMPTS, PRIVATE_DNS_NAME_ATTEMPT_INTERVAL',
    'how often EC2 is asked for a name it does not know yet (20), and seconds between (6)',
  ],
  ['IMDS_TOKEN, IMDS_TOKEN_TTL_SECONDS', 'for `imds`: a token to use, and how long a new one lives (900)'],
  ['IMDS_RETRIES, IMDS_RETRY_DELAY_SECONDS', 'for `imds`: how often a failed request is repeated (10), and the mean pause in seconds (1)'],
  ['IMDS_DEBUG', 'for `imds`: true tells on stderr what is asked'],
  ['VERCMP_QUIET', 'for `vercmp`: true prints nothing'],
  ['NO_COLOR', 'no colour, on a terminal either'],
  ['BOOTWRIGHT_ROOT', 'as --root, for every command that writes'],
  ['BOOTWRIGHT_DEBUG', 'log what is asked and answered, whether the code cache was used, and how much of the program was read'],
];
