import type { ButtonHTMLAttributes, ComponentChildren } from 'preact';
import type { WebAction } from '../../lib/model/web-actions.ts';
import { useLacking } from '../may.ts';

interface NeedsProps {
  readonly to: WebAction;
}

/** Which role an action needs, where the signed-in person has not got it; else nothing. */
export function Needs({ to }: NeedsProps) {
  const role = useLacking()(to);
  return role ? <span class="needs"> needs {role}</span> : null;
}

export type ActionProps = NeedsProps & Omit<ButtonHTMLAttributes, 'type'> & { readonly type?: 'button' | 'submit' };

/** A button that does something of the API; disabled, with the role that is needed, for those who may not. */
export function Action({ to, type = 'button', disabled, children, ...rest }: ActionProps) {
  const lacking = useLacking()(to) !== undefined;
  return (
    <button {...rest} type={type} disabled={lacking || disabled}>
      {children}
      <Needs to={to} />
    </button>
  );
}

/** What is offered to those alone who may do it, such as a link to a form. */
export function IfMay({ to, children }: NeedsProps & { readonly children: ComponentChildren }) {
  return useLacking()(to) ? null : children;
}
