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

export interface ButtonProps extends Omit<ButtonHTMLAttributes, 'type' | 'disabled'> {
  readonly type?: 'button' | 'submit';
  /** It does nothing now. It keeps the focus: a button that the browser disables drops it to the top of the page. */
  readonly disabled?: boolean | undefined;
}

/** A button that may be unable to do its deed for a while, as while the last one is under way. */
export function Button({ type = 'button', disabled, onClick, children, ...rest }: ButtonProps) {
  return (
    <button {...rest} type={type} aria-disabled={disabled || undefined} onClick={disabled ? nothing : onClick}>
      {children}
    </button>
  );
}

/** Enter in a field of its form clicks a submit button too. */
const nothing = (event: Event) => event.preventDefault();

export type ActionProps = NeedsProps & ButtonProps;

/** A button that does something of the API; disabled for good, with the role that is needed, for those who may not. */
export function Action({ to, children, ...rest }: ActionProps) {
  const text = (
    <>
      {children}
      <Needs to={to} />
    </>
  );
  if (useLacking()(to) === undefined) return <Button {...rest}>{text}</Button>;
  const { disabled: _, type = 'button', ...shown } = rest;
  return (
    <button {...shown} type={type} disabled>
      {text}
    </button>
  );
}

/** What is offered to those alone who may do it, such as a link to a form. */
export function IfMay({ to, children }: NeedsProps & { readonly children: ComponentChildren }) {
  return useLacking()(to) ? null : children;
}
